using PolaFormer.Analysis.Report;

namespace PolaFormer.Reproduction.Tests;

public sealed class ReproducedTableTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("reproduced").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void WritesEveryFormat()
    {
        IReadOnlyList<string> files = Table("a").Write(_folder);
        Assert.Equal(ReproducedTable.Endings, files.Select(Path.GetExtension));
        Assert.Contains("| a | 1 |", File.ReadAllText(files[0]), StringComparison.Ordinal);
        Assert.Contains("what differs", File.ReadAllText(files[0]), StringComparison.Ordinal);
    }

    [Fact]
    public void EscapesWhatFormatsReserve()
    {
        IReadOnlyList<string> files = Table("50 % | \"a\", b_c").Write(_folder);
        Assert.Contains("50 % \\| \"a\", b_c", File.ReadAllText(files[0]), StringComparison.Ordinal);
        Assert.Contains("\"50 % | \"\"a\"\", b_c\",1", File.ReadAllText(files[1]), StringComparison.Ordinal);
        Assert.Contains("50 \\% | \"a\", b\\_c & 1 \\\\", File.ReadAllText(files[2]), StringComparison.Ordinal);
    }

    private static ReproducedTable Table(string cell) => new("table0", "A table", new ReportTable(["x", "y"], [[cell, "1"]])) { Notes = ["what differs"] };
}
