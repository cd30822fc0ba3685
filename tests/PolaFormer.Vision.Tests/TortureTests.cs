namespace PolaFormer.Vision.Tests;

/// <summary>Some 600 odd, damaged and hostile files, with what Pillow 9.4 makes of them.</summary>
public class TortureTests
{
    private const string Set = "data/image_torture";

    private sealed record Entry(string File, string Size, string Orientation, bool Decodes);

    private static IEnumerable<Entry> Manifest() =>
        from line in File.ReadLines(SharedData.Require($"{Set}/manifest_pillow9.4.tsv")).Skip(1)
        let fields = line.Split('\t')
        select new Entry(fields[0], fields[4], fields[6], fields[8] == "ok");

    [Fact]
    public void FilesDecodeExactlyWherePillowDecodesThem()
    {
        var wrong = new List<string>();
        foreach (Entry entry in Manifest())
        {
            string path = SharedData.Require($"{Set}/{entry.File}");
            string outcome;
            try
            {
                using Image image = ImageDecoder.Decode(path);
                outcome = $"{image.Width}x{image.Height}";
            }
            catch (ImageException error)
            {
                Assert.DoesNotContain('\n', error.Message);
                outcome = "refused: " + error.Message[(path.Length + 2)..];
            }
            if (entry.Decodes ? outcome != entry.Size : !outcome.StartsWith("refused"))
                wrong.Add($"{entry.File}\t{outcome}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }
}
