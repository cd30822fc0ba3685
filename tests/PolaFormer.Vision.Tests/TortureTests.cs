using PolaFormer.Vision.Decoding;

namespace PolaFormer.Vision.Tests;

/// <summary>Some 600 odd, damaged and hostile files, with what Pillow 9.4 makes of them.</summary>
public class TortureTests
{
    private const string Set = "data/image_torture";

    /// <summary>Where we differ from Pillow on purpose, and why.</summary>
    private static readonly Dictionary<string, string> s_deviations = new()
    {
        // Refused, though Pillow decodes them.
        ["jpeg_crashtest/imagetestsuite/8a9cc8eeed66aeb423a91c44111d9450.jpg"] = "ends inside a second frame header behind the picture; TurboJPEG does not tell this from one in front of it",
        ["pillow/broken_data_stream.png"] = "damaged image data, a row with a filter that does not exist; an intact picture cannot come of it",
        // Decoded, though Pillow refuses them.
        ["pillow/png_decompression_dos.png"] = "a text chunk that unpacks to a huge size; texts are not unpacked here",
        ["pillow/truncated_exif_dpi.jpg"] = "Pillow looks for the resolution in a damaged EXIF block; the picture is intact",
    };

    // Damage behind the last row of pixels, where SkiaSharp does not look.
    private static readonly string[] s_deviationsOfThePackages =
    [
        "jpeg_crashtest/imagetestsuite/5315c35bbcc28d8eee419028ac9f38e0.jpg", "jpeg_crashtest/imagetestsuite/a17806f32b45d63eea5230e7893e1f15.jpg",
    ];

    private sealed record Entry(string File, string Size, string Orientation, bool Decodes);

    private static IEnumerable<Entry> Manifest() =>
        from line in File.ReadLines(SharedData.Require($"{Set}/manifest_pillow9.4.tsv")).Skip(1)
        let fields = line.Split('\t')
        select new Entry(fields[0], fields[4], fields[6], fields[8] == "ok");

    [Theory]
    [InlineData(Codecs.OfTheSystem)]
    [InlineData(Codecs.OfThePackages)]
    public void FilesDecodeExactlyWherePillowDecodesThem(string codecs)
    {
        using IDisposable? use = Codecs.Use(codecs);
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
            bool asPillow = entry.Decodes ? outcome == entry.Size : outcome.StartsWith("refused");
            if (asPillow == (s_deviations.ContainsKey(entry.File) || (!NativeCodec.TurboJpeg.IsUsed && s_deviationsOfThePackages.Contains(entry.File))))
                wrong.Add($"{entry.File}\t{outcome}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData(Codecs.OfTheSystem)]
    [InlineData(Codecs.OfThePackages)]
    public void JpegsEqualTheirReferencePictures(string codecs)
    {
        using IDisposable? use = Codecs.Use(codecs);
        // Beside these JPEGs lie PNGs of what another decoder makes of them, whose roundings differ a little.
        string folder = SharedData.Require($"{Set}/jpeg_reftest");
        int compared = 0;
        foreach (string jpeg in Directory.GetFiles(folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string png = Path.ChangeExtension(jpeg, ".png");
            if (!File.Exists(png) || jpeg.Contains("lossless"))
                continue;
            if (PngChunks.Read(File.ReadAllBytes(png)).BitDepth == 16)
                continue;
            using Image expected = ImageDecoder.Decode(png), actual = ImageDecoder.Decode(jpeg);
            ImageAssert.Equal(expected, actual, Path.GetFileName(jpeg), tolerance: 3);
            compared++;
        }
        Assert.True(compared > 10);
    }

    [Theory]
    [InlineData(Codecs.OfTheSystem)]
    [InlineData(Codecs.OfThePackages)]
    public void InterlacedPngsEqualTheirPlainTwins(string codecs)
    {
        using IDisposable? use = Codecs.Use(codecs);
        string folder = SharedData.Require($"{Set}/pngsuite/pngsuite");
        int compared = 0;
        foreach (string plain in Directory.GetFiles(folder, "basn*.png"))
        {
            using Image expected = ImageDecoder.Decode(plain), actual = ImageDecoder.Decode(plain.Replace("basn", "basi"));
            ImageAssert.Equal(expected, actual, Path.GetFileName(plain));
            compared++;
        }
        Assert.Equal(15, compared);
    }

    [Fact]
    public void BitmapsEqualTheirReferencePictures()
    {
        string folder = SharedData.Require($"{Set}/pillow/bmp");
        int compared = 0;
        foreach (string png in Directory.GetFiles(Path.Combine(folder, "html"), "*.png"))
        {
            string bmp = Path.Combine(folder, "g", Path.GetFileNameWithoutExtension(png) + ".bmp");
            if (!File.Exists(bmp))
                continue;
            using Image expected = ImageDecoder.Decode(png), actual = ImageDecoder.Decode(bmp);
            ImageAssert.Equal(expected, actual, Path.GetFileName(bmp), tolerance: 1);
            compared++;
        }
        Assert.True(compared >= 9);
    }

    [Theory]
    [InlineData("pal8rle", "pal8")]
    [InlineData("pal4rle", "pal4")]
    [InlineData("pal8topdown", "pal8")]
    [InlineData("pal8os2", "pal8")]
    [InlineData("rgb32", "rgb24")]
    public void BitmapsOfOnePictureAreEqual(string name, string twin)
    {
        string folder = SharedData.Require($"{Set}/pillow/bmp/g");
        using Image expected = ImageDecoder.Decode($"{folder}/{twin}.bmp"), actual = ImageDecoder.Decode($"{folder}/{name}.bmp");
        ImageAssert.Equal(expected, actual, name);
    }

    [Fact]
    public void OrientationsAreReadAsPillowReadsThem()
    {
        foreach (Entry entry in Manifest().Where(entry => entry.Decodes && entry.Orientation is not ("exif-error" or "")))
        {
            byte[] data = File.ReadAllBytes(SharedData.Require($"{Set}/{entry.File}"));
            int orientation = JpegHeader.Matches(data) ? JpegHeader.Read(data).Orientation : PngChunks.Matches(data) ? PngChunks.Read(data).Orientation : 1;
            int expected = int.TryParse(entry.Orientation, out int value) && value is >= 1 and <= 8 ? value : 1;
            // One file says its orientation in XMP only, which is not read.
            if (!entry.File.Contains("xmp_tags_orientation"))
                Assert.True(expected == orientation, $"{entry.File}: {orientation} instead of {entry.Orientation}");
        }
    }

    [Theory]
    [InlineData("landscape")]
    [InlineData("portrait")]
    public void EachOfTheEightOrientationsIsTheBestMatchUpright(string name)
    {
        string folder = SharedData.Require($"{Set}/exif_orientation/orientation");
        using Image upright = ImageDecoder.Decode($"{folder}/{name}_1.jpg");
        for (int orientation = 1; orientation <= 8; orientation++)
        {
            // The pictures were compressed one by one and carry their number, so they agree only nearly.
            string path = $"{folder}/{name}_{orientation}.jpg";
            using Image stored = ImageDecoder.Decode(path), photograph = ImageDecoder.Decode(path, ImageDecodeOptions.Photograph);
            double best = Enumerable.Range(1, 8).Select(candidate => Distance(upright, Orientation.Apply(stored, candidate))).Min();
            Assert.Equal(best, Distance(upright, photograph));
        }
    }

    private static double Distance(Image a, Image b)
    {
        if (a.Width != b.Width)
            return double.PositiveInfinity;
        double sum = 0;
        for (int i = 0; i < a.Pixels.Length; i++)
            sum += Math.Abs(a.Pixels[i] - b.Pixels[i]);
        return sum / a.Pixels.Length;
    }
}
