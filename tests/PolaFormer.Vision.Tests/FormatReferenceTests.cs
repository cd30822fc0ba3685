using System.IO.Compression;

namespace PolaFormer.Vision.Tests;

/// <summary>GIF, TIFF, PPM, ICO and animated WebP, against what Pillow makes of them; Fixtures/make_formats.py makes the files.</summary>
public class FormatReferenceTests
{
    /// <summary>An archive of more of them, for a longer comparison: <c>make_formats.py ARCHIVE VARIANTS</c>.</summary>
    private static string Archive => Environment.GetEnvironmentVariable("POLAFORMER_FORMATS") ?? SharedData.Fixture("formats.zip");

    [Theory]
    [InlineData(".gif", 15)]
    [InlineData("m", 20)]
    [InlineData(".tif", 170)]
    [InlineData(".ico", 8)]
    [InlineData(".webp", 7)]
    public void DecodedPixelsEqualPillows(string ending, int atLeast)
    {
        using ZipArchive archive = ZipFile.OpenRead(Archive);
        int compared = 0;
        var wrong = new List<string>();
        foreach (ZipArchiveEntry entry in archive.Entries.Where(entry => entry.Name.EndsWith(ending, StringComparison.Ordinal)))
        {
            try
            {
                using Image actual = ImageDecoder.Decode(Read(entry)), expected = ImageDecoder.Decode(Read(archive.GetEntry(entry.Name + ".png")!));
                ImageAssert.Equal(expected, actual, entry.Name);
                compared++;
            }
            catch (Exception error) when (error is ImageException or Xunit.Sdk.XunitException)
            {
                wrong.Add($"{entry.Name}: {error.Message}");
            }
        }
        Assert.True(compared >= atLeast && wrong.Count == 0, $"{compared} equal\n{string.Join('\n', wrong)}");
    }

    /// <summary>One of the files.</summary>
    internal static byte[] Read(string name)
    {
        using ZipArchive archive = ZipFile.OpenRead(SharedData.Fixture("formats.zip"));
        return Read(archive.GetEntry(name)!);
    }

    private static byte[] Read(ZipArchiveEntry entry)
    {
        byte[] data = new byte[entry.Length];
        using Stream stream = entry.Open();
        stream.ReadExactly(data);
        return data;
    }
}
