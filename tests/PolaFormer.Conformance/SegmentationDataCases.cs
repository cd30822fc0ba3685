using System.Globalization;
using System.Text.Json;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Inference;
using PolaFormer.Segmentation.Scoring;
using PolaFormer.Tensors;
using PolaFormer.Vision;
using PolaFormer.Vision.OpenCv;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Conformance;

/// <summary>Images, labels and metrics of family I. The cases hold pixels as OpenCV has them, blue first.</summary>
internal static class SegmentationDataCases
{
    /// <summary>What runs a kind of case; null for a kind of other cases.</summary>
    public static Action<FixtureCase, Comparison>? RunnerOf(string kind) => kind switch
    {
        "image_resize" => RunImageResize,
        "hsv" => RunHsv,
        "resize_sizes" => RunSizes,
        "random_crop" => RunRandomCrop,
        "photometric" => RunPhotometric,
        "photometric_steps" => RunPhotometricSteps,
        "train_pipeline" => RunTrainPipeline,
        "test_pipeline" => RunTestPipeline,
        "reduce_zero_label" => RunReduceZeroLabel,
        "dataset" => RunDataset,
        "overlay" => RunOverlay,
        "metrics" => RunMetrics,
        _ => null,
    };

    private static void RunImageResize(FixtureCase fixture, Comparison comparison)
    {
        Shape shape = fixture.ShapeOf("in.image");
        (int height, int width, int channels) = (shape[0], shape[1], shape[2]);
        byte[] image = fixture.Bytes("in.image"), labels = fixture.Bytes("in.labels");
        float[] floats = Array.ConvertAll(image, level => (float)level);
        foreach (int[] size in fixture.Meta.GetProperty("sizes").EnumerateArray().Select(size => size.Integers()))
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{size[0]}x{size[1]}");
            var bytes = new byte[size[0] * size[1] * channels];
            BilinearResize.Apply(image, width, height, channels, bytes, size[1], size[0]);
            comparison.Exact($"value.bilinear_{name}", Wide(bytes));
            var singles = new float[bytes.Length];
            BilinearResize.Apply(floats, width, height, channels, singles, size[1], size[0]);
            comparison.Close($"value.bilinear_f32_{name}", singles);
            comparison.Exact($"value.nearest_{name}", Wide(NearestResize.Apply(labels, width, height, size[1], size[0])));
        }
    }

    private static void RunHsv(FixtureCase fixture, Comparison comparison)
    {
        byte[] pixels = Exchanged(fixture.Bytes("in.bgr")), back = fixture.Bytes("in.hsv");
        HsvColor.FromRgb(pixels);
        comparison.Exact("value.bgr2hsv", Wide(pixels));
        HsvColor.ToRgb(pixels, fixture.ShapeOf("in.bgr")[1]);
        comparison.Exact("value.round_trip", Wide(Exchanged(pixels)));
        HsvColor.ToRgb(back, fixture.ShapeOf("in.hsv")[1]);
        comparison.Exact("value.hsv2bgr", Wide(Exchanged(back)));
    }

    private static void RunSizes(FixtureCase fixture, Comparison comparison)
    {
        int number = 0;
        foreach (JsonElement row in fixture.Meta.GetProperty("rows").EnumerateArray())
        {
            (int width, int height, double ratio) = (row[0].GetInt32(), row[1].GetInt32(), row[2].GetDouble());
            (int First, int Second) scale = KeepRatioSize.Scaled((2048, 512), ratio);
            (int Width, int Height) train = KeepRatioSize.Of(width, height, scale), test = KeepRatioSize.Of(width, height, (2048, 512));
            (int Width, int Height) multiple = KeepRatioSize.ToMultiple(test.Width, test.Height, 32);
            int[] actual = [scale.First, scale.Second, train.Width, train.Height, test.Width, test.Height, multiple.Width, multiple.Height];
            comparison.SameList<int>($"row {number++}", actual, [.. row.EnumerateArray().Skip(3).Select(value => value.GetInt32())]);
        }
    }

    private static void RunRandomCrop(FixtureCase fixture, Comparison comparison)
    {
        int[] size = fixture.Meta.GetProperty("crop_size").Integers();
        var crop = new RandomCrop(size[0], size[1], fixture.Meta.Field("cat_max_ratio")?.GetDouble() ?? 1);
        Image image = ImageOf(fixture, "in.image");
        LabelMap labels = SegmentationCases.Labels(fixture, "in.labels")[0];
        int i = 0;
        foreach (JsonElement draws in fixture.Meta.GetProperty("draws").EnumerateArray())
        {
            var random = new ListedDraws(draws.Integers());
            PixelRect region = crop.Draw(labels, random);
            comparison.Same($"draws left of crop {i}", random.Left, 0);
            comparison.Exact($"value.image_{i}", Wide(Exchanged(image.Crop(region).Pixels.ToArray())));
            comparison.Exact($"value.labels_{i++}", Wide(labels.Cropped(region).Values));
        }
    }

    private static void RunPhotometric(FixtureCase fixture, Comparison comparison)
    {
        int i = 0;
        foreach (JsonElement draws in fixture.Meta.GetProperty("draws").EnumerateArray())
        {
            Image image = ImageOf(fixture, "in.image");
            var random = new LoggedDraws(draws);
            PhotometricDistortion.Apply(image, random);
            comparison.Same($"draws left of image {i}", random.Left, 0);
            comparison.Exact($"value.image_{i++}", Wide(Exchanged(image.Pixels.ToArray())));
        }
    }

    private static void RunPhotometricSteps(FixtureCase fixture, Comparison comparison)
    {
        foreach (string name in fixture.Suffixes("value."))
        {
            int end = name.IndexOf('_', StringComparison.Ordinal);
            double amount = double.Parse(name[(end + 1)..], CultureInfo.InvariantCulture);
            Image image = ImageOf(fixture, "in.image");
            switch (name[..end])
            {
                case "brightness":
                    PhotometricDistortion.ChangeBrightness(image, amount);
                    break;
                case "contrast":
                    PhotometricDistortion.ChangeContrast(image, amount);
                    break;
                case "saturation":
                    PhotometricDistortion.ChangeSaturation(image, amount);
                    break;
                case "hue":
                    PhotometricDistortion.ChangeHue(image, (int)amount);
                    break;
                default:
                    throw new CapabilityMissingException($"there is no step {name}");
            }

            comparison.Exact($"value.{name}", Wide(Exchanged(image.Pixels.ToArray())));
        }
    }

    private static void RunTrainPipeline(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        int[] scale = meta.GetProperty("img_scale").Integers(), size = meta.GetProperty("crop_size").Integers();
        var pipeline = new TrainingPipeline
        {
            Scale = (scale[0], scale[1]),
            CropHeight = size[0],
            CropWidth = size[1],
            MaxClassShare = meta.GetProperty("cat_max_ratio").GetDouble(),
            Normalization = NormalizationOf(meta),
        };
        Image image = ImageOf(fixture, "in.image_bgr");
        LabelMap labels = SegmentationCases.Labels(fixture, "in.annotation")[0].WithoutZero();
        comparison.Exact("value.reduced", Wide(labels.Values));
        int i = 0;
        foreach (JsonElement sample in meta.GetProperty("samples").EnumerateArray())
        {
            var random = new LoggedDraws(sample.GetProperty("draws"));
            (Image pixels, _) = pipeline.Augmented(image, labels, random);
            comparison.Same($"draws left of sample {i}", random.Left, 0);
            comparison.Exact($"value.before_normalize_{i}", Wide(Exchanged(pixels.Pixels.ToArray())));
            var values = new float[size[0] * size[1] * Image.Channels];
            LabelMap map = pipeline.Apply(image, labels, new LoggedDraws(sample.GetProperty("draws")), values);
            comparison.Exact($"value.labels_{i}", Wide(map.Values));
            CompareImage(comparison, $"value.image_{i++}", values, size[0], size[1]);
        }
    }

    private static void RunTestPipeline(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        int[] scale = meta.GetProperty("img_scale").Integers();
        var pipeline = new TestPipeline { Scale = (scale[0], scale[1]), Normalization = NormalizationOf(meta) };
        Image image = ImageOf(fixture, "in.image_bgr");
        double[] ratios = meta.Field("img_ratios") is { } list ? [.. list.EnumerateArray().Select(ratio => ratio.GetDouble())] : [1];
        bool[] flips = meta.GetProperty("flip").GetBoolean() ? [false, true] : [false];
        int i = 0;
        foreach (double ratio in ratios)
        {
            foreach (bool flip in flips)
            {
                NetworkInput input = pipeline.Apply(image, ratio, flip);
                int[] shape = meta.GetProperty("views")[i].GetProperty("img_shape").Integers();
                comparison.SameList<int>($"size of view {i}", [input.Height, input.Width], shape[..2]);
                CompareImage(comparison, $"value.image_{i++}", input.Values, input.Height, input.Width);
            }
        }
    }

    private static void RunReduceZeroLabel(FixtureCase fixture, Comparison comparison) =>
        comparison.Exact("value.reduced", Wide(SegmentationCases.Labels(fixture, "in.raw")[0].WithoutZero().Values));

    private static void RunDataset(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        comparison.SameList<string>("classes", [.. ClassNames.Ade20K.Names], meta.Texts("classes"));
        comparison.SameList<string>("palette", [.. ClassNames.Ade20K.Colors.Select(color => $"{color.Red} {color.Green} {color.Blue}")], [.. meta.GetProperty("palette").EnumerateArray().Select(color => string.Join(' ', color.Integers()))]);
        ISegmentationDataset data = Ade20KFolder.Open(fixture.PathOf("data"), "validation");
        var counts = new PixelCounts(ClassNames.Ade20K.Names.Count);
        for (int i = 0; i < data.Count; i++)
        {
            (Image image, LabelMap labels) = data.Read(i);
            comparison.Exact($"value.image_bgr_{i}", Wide(Exchanged(image.Pixels.ToArray())));
            comparison.Exact($"value.labels_{i}", Wide(labels.Values));
            counts.Add(fixture.Bytes($"in.pred_{i}"), labels.Values);
        }

        CompareSummary(comparison, meta.GetProperty("evaluate"), new SegmentationScores(counts), ClassNames.Ade20K.Names);
    }

    private static void RunOverlay(FixtureCase fixture, Comparison comparison)
    {
        Image image = ImageOf(fixture, "in.image_bgr");
        LabelMap map = SegmentationCases.Labels(fixture, "in.pred")[0];
        Image overlay = ClassOverlay.Of(image, map, ClassNames.Ade20K.Colors, fixture.Meta.GetProperty("opacity").GetDouble());
        comparison.Exact("value.overlay", Wide(Exchanged(overlay.Pixels.ToArray())));
    }

    private static void RunMetrics(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        int classes = meta.GetProperty("classes").GetInt32();
        var total = new PixelCounts(classes);
        List<double> intersections = [], unions = [], predictions = [], labels = [];
        for (int i = 0; fixture.Has($"in.pred_{i}"); i++)
        {
            var counts = new PixelCounts(classes);
            counts.Add(fixture.Bytes($"in.pred_{i}"), fixture.Bytes($"in.label_{i}"));
            intersections.AddRange(counts.Intersection.Select(count => (double)count));
            unions.AddRange(counts.Union.Select(count => (double)count));
            predictions.AddRange(counts.Predicted.Select(count => (double)count));
            labels.AddRange(counts.Labelled.Select(count => (double)count));
            total.Add(counts);
        }

        comparison.Exact("value.intersect", [.. intersections]);
        comparison.Exact("value.union", [.. unions]);
        comparison.Exact("value.pred", [.. predictions]);
        comparison.Exact("value.label", [.. labels]);
        var scores = new SegmentationScores(total, meta.Field("beta")?.GetDouble() ?? 1, meta.Field("nan_to_num")?.GetDouble());
        comparison.Close("f64.aAcc", [scores.Accuracy], 1e-12);
        comparison.Close("f64.IoU", scores.IoU, 1e-12);
        comparison.Close("f64.Acc", scores.ClassAccuracy, 1e-12);
        comparison.Close("f64.Dice", scores.Dice, 1e-12);
        comparison.Close("f64.Precision", scores.Precision, 1e-12);
        comparison.Close("f64.Recall", scores.Recall, 1e-12);
        comparison.Close("f64.Fscore", scores.FScore, 1e-12);
        CompareSummary(comparison, meta.GetProperty("summary"), scores, []);
    }

    private static void CompareSummary(Comparison comparison, JsonElement summary, SegmentationScores scores, IReadOnlyList<string> names)
    {
        var byName = new Dictionary<string, double[]>
        {
            ["IoU"] = scores.IoU,
            ["Acc"] = scores.ClassAccuracy,
            ["Dice"] = scores.Dice,
            ["Fscore"] = scores.FScore,
            ["Precision"] = scores.Precision,
            ["Recall"] = scores.Recall,
        };
        foreach (JsonProperty entry in summary.EnumerateObject())
        {
            int dot = entry.Name.IndexOf('.', StringComparison.Ordinal);
            double actual = entry.Name == "aAcc" ? scores.Accuracy
                : dot < 0 ? SegmentationScores.MeanOf(byName[entry.Name[1..]])
                : byName[entry.Name[..dot]][names.ToList().IndexOf(entry.Name[(dot + 1)..])];
            comparison.Within(entry.Name, SegmentationScores.Reported(actual), entry.Value.GetDouble(), 1e-9);
        }
    }

    private static MeanStdNormalization NormalizationOf(JsonElement meta)
    {
        if (meta.Field("normalize") is not { } normalize)
            return MeanStdNormalization.ImageNet;
        float[] Numbers(string name) => [.. normalize.GetProperty(name).EnumerateArray().Select(value => value.GetSingle())];
        return new MeanStdNormalization(Numbers("mean"), Numbers("std"));
    }

    private static void CompareImage(Comparison comparison, string key, float[] values, int height, int width) =>
        comparison.Close(key, Array.ConvertAll(Layout.ChannelsFirst.Export(Tensor.From(values, [1, height, width, Image.Channels])), value => (double)value), 5e-6);

    private static Image ImageOf(FixtureCase fixture, string key)
    {
        Shape shape = fixture.ShapeOf(key);
        return new Image(shape[1], shape[0], Exchanged(fixture.Bytes(key)));
    }

    // Red and blue.
    private static byte[] Exchanged(byte[] pixels)
    {
        var result = (byte[])pixels.Clone();
        for (int i = 0; i < result.Length; i += Image.Channels)
            (result[i], result[i + 2]) = (result[i + 2], result[i]);
        return result;
    }

    private static double[] Wide(byte[] values) => Array.ConvertAll(values, value => (double)value);
}
