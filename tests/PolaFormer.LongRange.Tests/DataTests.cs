using System.IO.Compression;
using System.Text;
using PolaFormer.Files;
using PolaFormer.LongRange.Data;

namespace PolaFormer.LongRange.Tests;

/// <summary>The readers of the five tasks.</summary>
public class DataTests
{
    private static readonly string s_header = $"{ListOpsFile.Header}\n";

    [Theory]
    [InlineData("( ( [MAX 1 ) ] )\n", "line 3: 1 fields")]
    [InlineData("( ( [MAX 1 ) ] )\t12\n", "line 3: the value '12'")]
    [InlineData("\t1\n", "line 3: the expression is empty")]
    public void ABadRowOfListOpsIsNamedWithFileAndLine(string row, string part)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("basic_train.tsv", $"{s_header}( ( ( [MAX 1 ) 2 ) ] )\t2\n{row}3\t3\n");
        string message = Assert.Throws<FileException>(() => ListOpsFile.Read(path, ListOpsTokens.Google, 2000, new BadRows(false))).Message;
        Assert.StartsWith($"{path}: {part}", message);
        var skipped = new BadRows(true);
        Assert.Equal(2, ListOpsFile.Read(path, ListOpsTokens.Google, 2000, skipped).Count);
        Assert.StartsWith($"{path}: {part}", Assert.Single(skipped.Messages));
    }

    [Fact]
    public void AFileWithoutTheHeaderIsNoListOps()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("basic_train.tsv", "3\t3\n");
        Assert.Contains("line 1", Assert.Throws<FileException>(() => ListOpsFile.Read(path, ListOpsTokens.Google, 2000, new BadRows(true))).Message);
    }

    [Fact]
    public void ReviewsComeFromTheReleasedFolder()
    {
        using var folder = new TemporaryFolder();
        folder.Write("aclImdb/train/pos/0_9.txt", "good");
        folder.Write("aclImdb/train/neg/0_1.txt", "bad<br />\nfilm");
        List<SequenceExample> rows = ReviewFiles.Read(folder.Path, "train", 7, new BadRows(false));
        Assert.Equal([("bad<br ", 0), ("good", 1)], rows.Select(row => (Encoding.UTF8.GetString(row.First), row.Label)));
    }

    [Fact]
    public void ReviewsComeFromACompressedTable()
    {
        using var folder = new TemporaryFolder();
        using (var file = new BrotliStream(File.Create(Path.Combine(folder.Path, "train.tsv.br")), CompressionLevel.Fastest))
            file.Write("1\t9\tgood\r\n0\t2\tbad\n"u8);
        Assert.Equal([("good", 1), ("bad", 0)], ReviewFiles.Read(folder.Path, "train", 4000, new BadRows(false)).Select(row => (Encoding.UTF8.GetString(row.First), row.Label)));
    }

    [Theory]
    [InlineData("2\t9\tgood\n", "label '2'")]
    [InlineData("1\tgood\n", "2 fields")]
    public void ABadReviewIsNamed(string row, string part)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("train.tsv", row);
        Assert.Contains($"{path}: line 1: ", Assert.Throws<FileException>(() => ReviewFiles.Read(folder.Path, "train", 4000, new BadRows(false))).Message);
        Assert.Contains(part, Assert.Throws<FileException>(() => ReviewFiles.Read(folder.Path, "train", 4000, new BadRows(false))).Message);
    }

    [Fact]
    public void ADamagedTableIsNamed()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(Path.Combine(folder.Path, "train.tsv.gz"), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        Assert.Contains("train.tsv.gz", Assert.Throws<FileException>(() => ReviewFiles.Read(folder.Path, "train", 4000, new BadRows(false))).Message);
    }

    [Fact]
    public void PairsComeAsReleasedAndAsNamesOfPages()
    {
        using var folder = new TemporaryFolder();
        folder.Write("new_aan_pairs.train.tsv", "1.0\tA\tB\tone \"quoted\"\ttwo\n0.0\tA\tC\tone \"quoted\"\tthree\n");
        List<SequenceExample> rows = new PairFiles(folder.Path, "", 4000).Read("train", new BadRows(false));
        Assert.Equal([("one \"quoted\"", "two", 1), ("one \"quoted\"", "three", 0)], rows.Select(row => (Encoding.UTF8.GetString(row.First), Encoding.UTF8.GetString(row.Second!), row.Label)));
        Assert.Same(rows[0].First, rows[1].First);

        folder.Write("pairs.train.tsv", "1\tcat(1)\tls(1)\n1\tcat(1)\tno(1)\n");
        folder.Write("pages.tsv", "cat(1)\tconcatenate\nls(1)\tlist\n");
        var skipped = new BadRows(true);
        SequenceExample row = Assert.Single(new PairFiles(folder.Path, "pairs", 6).Read("train", skipped));
        Assert.Equal(("concat", "list"), (Encoding.UTF8.GetString(row.First), Encoding.UTF8.GetString(row.Second!)));
        Assert.Contains("line 2: there is no page 'no(1)'", Assert.Single(skipped.Messages));
    }

    [Theory]
    [InlineData("imgs/0 sample_0.png 0\n", "3 fields")]
    [InlineData("imgs/0 sample_0.png 0 2\n", "label '2'")]
    [InlineData("../.. passwd 0 1\n", "outside")]
    [InlineData("imgs/0 none.png 0 1\n", "no such file")]
    [InlineData("imgs/0 text.png 0 1\n", "not a JPEG, PNG")]
    public void ABadRowOfPathfinderIsNamed(string row, string part)
    {
        using var folder = new TemporaryFolder();
        folder.Write("imgs/0/text.png", "text");
        string path = folder.Write("metadata/0.npy", row);
        string message = Assert.Throws<FileException>(() => PathfinderFolder.Read(folder.Path, new BadRows(false))).Message;
        Assert.StartsWith($"{path}: line 1: ", message);
        Assert.Contains(part, message);
    }

    [Fact]
    public void AnEmptyImageOfPathfinderIsPassedOver()
    {
        using var folder = new TemporaryFolder();
        folder.Write("imgs/0/sample_172.png", "");
        folder.Write("metadata/0.npy", "imgs/0 sample_172.png 0 1\n");
        Assert.Empty(PathfinderFolder.Read(folder.Path, new BadRows(false)));
    }

    [Fact]
    public void MetadataMayBeAnArrayOfNumPy()
    {
        string released = Path.Combine(SharedData.Folder("pathfinder32_generated"), "curv_contour_length_14");
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "metadata"));
        File.Copy(Path.Combine(released, "metadata_binary_npy", "0.npy"), Path.Combine(folder.Path, "metadata", "0.npy"));
        Directory.CreateDirectory(Path.Combine(folder.Path, "imgs", "0"));
        foreach (string image in Directory.GetFiles(Path.Combine(released, "imgs", "0")))
            File.Copy(image, Path.Combine(folder.Path, "imgs", "0", Path.GetFileName(image)));
        List<SequenceExample> text = PathfinderFolder.Read(released, new BadRows(false)), binary = PathfinderFolder.Read(folder.Path, new BadRows(false));
        Assert.Equal(160, text.Count);
        Assert.Equal(text.Select(row => (row.Label, Convert.ToHexString(row.First))), binary.Select(row => (row.Label, Convert.ToHexString(row.First))));
    }

    [Fact]
    public void ReviewsHaveTheirLengths()
    {
        List<SequenceExample> train = ReviewFiles.Read(SharedData.Folder("imdb"), "train", int.MaxValue, new BadRows(false));
        Assert.Equal(25_000, train.Count);
        Assert.Equal(12_500, train.Count(row => row.Label == 1));
        Assert.Equal(1325, train.Average(row => row.First.Length), 1.0);
        Assert.Equal(13_704, train.Max(row => row.First.Length));
    }

    [Theory]
    [InlineData(ArenaProtocolKind.Paper)]
    [InlineData(ArenaProtocolKind.Honest)]
    public void TextIsChosenByTestRowsUnderThePapersProtocolOnly(ArenaProtocolKind protocol)
    {
        using var folder = new TemporaryFolder();
        folder.Write("train.tsv", string.Concat(Enumerable.Range(0, 20).Select(i => $"1\t9\ttrain {i}\n")));
        folder.Write("test.tsv", string.Concat(Enumerable.Range(0, 5).Select(i => $"0\t1\ttest {i}\n")));
        ArenaData data = ArenaData.Open(ArenaTask.Text, new ArenaSource(folder.Path) { Protocol = protocol }, new BadRows(false));
        Assert.Equal(protocol == ArenaProtocolKind.Paper, ReferenceEquals(data.Dev, data.Test));
        Assert.Equal(protocol == ArenaProtocolKind.Paper ? (20, 5, 5) : (18, 2, 5), (data.Train.Count, data.Dev.Count, data.Test.Count));
        Assert.Empty(data.Train.Intersect(data.Dev));
    }

    [Fact]
    public void PagesStandInForPapers()
    {
        ArenaData data = ArenaData.Open(ArenaTask.Retrieval, new ArenaSource(SharedData.Folder("manpages_links")), new BadRows(false));
        Assert.Equal((5960, 744, 744), (data.Train.Count, data.Dev.Count, data.Test.Count));
        Assert.All(data.Test, row => Assert.InRange(row.Second!.Length, 1, 4000));
    }

    [Fact]
    public void ABatchIsPaddedWithZeros()
    {
        SequenceBatch batch = SequenceBatch.Of([new SequenceExample([0, 255], [7], 1)], ArenaTask.Retrieval, 4);
        Assert.Equal([1, 256, 0, 0, 8, 0, 0, 0], batch.Ids);
        Assert.Equal([1, 2, 4], batch.Shape);
        Assert.Equal([3, 4], SequenceBatch.Of([new SequenceExample([3, 4, 5], null, 1)], ArenaTask.ListOps, 2).Ids);
    }
}
