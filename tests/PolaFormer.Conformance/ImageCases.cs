using System.Globalization;
using System.Text.Json;
using PolaFormer.Tensors;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Conformance;

/// <summary>Family E: decoding, Pillow's resampling, the evaluation transform.</summary>
internal static class ImageCases
{
    private const int JpegLevels = 2;
    private const double TensorTolerance = 1e-6;

    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        if (fixture.Meta.Field("files") is { } files)
            RunDecoding(fixture, comparison, files);
        else if (fixture.Has("in.image"))
            RunResampling(fixture, comparison);
        else
            RunTransform(fixture, comparison);
    }

    private static void RunDecoding(FixtureCase fixture, Comparison comparison, JsonElement files)
    {
        foreach (JsonProperty file in files.EnumerateObject())
        {
            using Image image = ImageDecoder.Decode(fixture.PathOf(file.Name));
            comparison.Exact($"out.{file.Name}", Widened(image.Pixels));
        }
    }

    // Keys are out.FILTER.WIDTHxHEIGHT.
    private static void RunResampling(FixtureCase fixture, Comparison comparison)
    {
        using Image source = ReadImage(fixture, "in.image");
        foreach (string name in fixture.Suffixes("out."))
        {
            string[] parts = name.Split('.');
            int[] size = [.. parts[1].Split('x').Select(side => int.Parse(side, CultureInfo.InvariantCulture))];
            using Image result = Resampling.Resize(source, size[0], size[1], Filter(parts[0]));
            comparison.Exact($"out.{name}", Widened(result.Pixels));
        }
    }

    private static void RunTransform(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta, file = meta.GetProperty("file");
        using Image decoded = ReadImage(fixture, "aux.decoded");
        using (Image image = ImageDecoder.Decode(fixture.PathOf(file.Text("name")!)))
        {
            comparison.Same("size of the decoded image", (image.Width, image.Height), (decoded.Width, decoded.Height));
            CompareLevels(comparison, image.Pixels, decoded.Pixels, file.Text("format") == "JPEG" ? JpegLevels : 0);
        }

        JsonElement resize = meta.GetProperty("resize");
        ResamplingFilter filter = Filter(resize.Text("interpolation") ?? "bicubic");
        Shape resized = fixture.ShapeOf("out.resized");
        using (Image image = Resampling.Resize(decoded, resized[1], resized[0], filter))
            comparison.Exact("out.resized", Widened(image.Pixels));
        if (!fixture.Has("out.tensor"))
            return;

        int size = meta.GetProperty("img_size").GetInt32();
        EvalResize mode = meta.Field("test_crop")?.GetBoolean() ?? true ? EvalResize.SquareThenCrop : EvalResize.Square;
        float[] values = new float[size * size * Image.Channels];
        new EvalTransform(size, mode, filter).Apply(decoded, values);
        comparison.Close("out.tensor", Array.ConvertAll(Layout.ChannelsFirst.Export(Tensor.From(values, [1, size, size, Image.Channels])), value => (double)value), TensorTolerance);
    }

    private static void CompareLevels(Comparison comparison, ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected, int tolerance)
    {
        int worst = 0;
        for (int i = 0; i < Math.Min(actual.Length, expected.Length); i++)
            worst = Math.Max(worst, Math.Abs(actual[i] - expected[i]));
        comparison.Within("decoded levels", worst, 0, tolerance);
    }

    /// <summary>An image of bytes (height, width, 3).</summary>
    public static Image ReadImage(FixtureCase fixture, string key)
    {
        Shape shape = fixture.ShapeOf(key);
        return new Image(shape[1], shape[0], fixture.Bytes(key));
    }

    /// <summary>A filter by Pillow's name.</summary>
    public static ResamplingFilter Filter(string name) => Enum.Parse<ResamplingFilter>(name, ignoreCase: true);

    /// <summary>Levels as the values that are compared.</summary>
    public static double[] Widened(ReadOnlySpan<byte> values)
    {
        double[] widened = new double[values.Length];
        for (int i = 0; i < widened.Length; i++)
            widened[i] = values[i];
        return widened;
    }
}
