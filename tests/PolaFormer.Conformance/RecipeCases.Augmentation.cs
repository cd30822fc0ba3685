using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;
using PolaFormer.Vision.Transforms.Operations;

namespace PolaFormer.Conformance;

/// <summary>The augmentation of training images and the mixing of batches, with the draws of the recorded runs.</summary>
internal static partial class RecipeCases
{
    private const string RecordedPolicy = "rand-m9-mstd0.5-inc1";
    private const double TensorTolerance = 1e-6;

    private static readonly float[] s_mean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] s_std = [0.229f, 0.224f, 0.225f];

    // Null where the case is of another kind.
    private static Action? AugmentationCase(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        string kind = meta.Field("source")?.Text("cls") ?? "";
        if (kind == "RandomResizedCropAndInterpolation")
            return () => RunCrops(fixture, comparison);
        if (kind.StartsWith("RandomErasing", StringComparison.Ordinal))
            return () => RunErasing(fixture, comparison, kind);
        if (kind.StartsWith("Mixup", StringComparison.Ordinal))
            return () => RunMixup(fixture, comparison, kind);
        if (meta.Field("table") is { } table)
            return () => RunTable(fixture, comparison, table);
        if (meta.Field("draws") is { } draws && meta.Field("img_size") is not null)
            return () => RunTransform(fixture, comparison, draws);
        if (meta.Field("args") is { } arguments && fixture.Has("in.image"))
            return () => RunOperations(fixture, comparison, arguments);
        return meta.Field("rows") switch
        {
            { ValueKind: JsonValueKind.Object } rows when rows.Field("lam_smoothing") is not null => () => RunMixedTargets(fixture, comparison, rows),
            { ValueKind: JsonValueKind.Array } rows when rows[0].Field("lam_corrected") is not null => () => RunBoxes(comparison, rows),
            _ => null,
        };
    }

    // Keys are out.IMAGE.NUMBER.FILTER; rows of one image follow each other.
    private static void RunCrops(FixtureCase fixture, Comparison comparison)
    {
        var counts = new Dictionary<int, int>();
        foreach (JsonElement row in fixture.Meta.GetProperty("rows").EnumerateArray())
        {
            int number = row.GetProperty("image").GetInt32(), count = counts[number] = counts.GetValueOrDefault(number, -1) + 1;
            using Image source = ImageCases.ReadImage(fixture, $"in.{number}");
            string prefix = string.Create(CultureInfo.InvariantCulture, $"out.{number}.{count}.");
            foreach (string filter in fixture.Suffixes(prefix))
            {
                var step = new RandomResizedCrop(row.GetProperty("size").GetInt32(), ImageCases.Filter(filter));
                using Image result = step.Apply(source, new LoggedDraws(row.GetProperty("draws")));
                comparison.Exact(prefix + filter, ImageCases.Widened(result.Pixels));
            }
        }
    }

    // Keys are out.OPERATION.LEVEL.SIGN.FILTER, and the levels have dots too.
    private static void RunOperations(FixtureCase fixture, Comparison comparison, JsonElement arguments)
    {
        using Image source = ImageCases.ReadImage(fixture, "in.image");
        RandAugmentOperation[] operations = RandAugmentOperation.All(isIncreasing: true);
        foreach (string name in fixture.Suffixes("out."))
        {
            string[] parts = name.Split('.');
            RandAugmentOperation operation = operations.First(operation => operation.Name == parts[0]);
            double level = double.Parse(string.Join('.', parts[1..^2]), CultureInfo.InvariantCulture);
            double? argument = operation.ArgumentOf(level, isNegated: parts[^2] == "-");
            comparison.SameList<double>($"argument of {name}", argument is { } value ? [value] : [], [.. arguments.GetProperty(name).EnumerateArray().Select(item => item.GetDouble())]);
            ResamplingFilter filter = parts[^1] == "any" ? ResamplingFilter.Bicubic : ImageCases.Filter(parts[^1]);
            using Image result = operation.Apply(source, argument ?? 0, filter, FillColor.FromMean(s_mean));
            comparison.Exact($"out.{name}", ImageCases.Widened(result.Pixels));
        }
    }

    private static void RunTable(FixtureCase fixture, Comparison comparison, JsonElement table)
    {
        JsonElement meta = fixture.Meta, hyperparameters = meta.GetProperty("hparams");
        RandAugmentPolicy policy = RandAugmentPolicy.Parse(meta.GetProperty("source").Text("config")!.Split(' ')[0]);
        comparison.Same("num_layers", policy.Operations, meta.GetProperty("num_layers").GetInt32());
        comparison.Same("magnitude", policy.Magnitude, meta.GetProperty("magnitude").GetDouble());
        comparison.Same("magnitude_std", policy.MagnitudeStd, meta.GetProperty("magnitude_std").GetDouble());
        FillColor fill = FillColor.FromMean(s_mean);
        comparison.SameList<int>("img_mean", [fill.Red, fill.Green, fill.Blue], hyperparameters.GetProperty("img_mean").Integers());
        RandAugmentOperation[] operations = RandAugmentOperation.All(policy.IsIncreasing);
        comparison.SameList<string>("ops", [.. operations.Select(operation => operation.Name)], meta.Texts("ops"));
        foreach (RandAugmentOperation operation in operations)
        {
            foreach (JsonElement row in table.GetProperty(operation.Name).GetProperty("rows").EnumerateArray())
            {
                Compare(operation, row, "arg", isNegated: false);
                if (row.Field("arg_negated") is not null)
                    Compare(operation, row, "arg_negated", isNegated: true);
            }
        }

        void Compare(RandAugmentOperation operation, JsonElement row, string name, bool isNegated)
        {
            double level = row.GetProperty("level").GetDouble();
            comparison.SameList<double>(
                $"{name} of {operation.Name} at {level}", operation.ArgumentOf(level, isNegated) is { } value ? [value] : [],
                [.. row.GetProperty(name).EnumerateArray().Select(item => item.GetDouble())]);
        }
    }

    // Zeros are erased: what is not 0 afterwards is the box. The recorded run's probability was above the one it names, so the
    // draws that it went on after tell it.
    private static void RunErasing(FixtureCase fixture, Comparison comparison, string kind)
    {
        Match options = Regex.Match(kind, @"RandomErasing\(([\d.]+), mode '(\w+)', max_count (\d+)\)");
        double named = double.Parse(options.Groups[1].Value, CultureInfo.InvariantCulture);
        double probability = fixture.Meta.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("draws"))
            .Where(draws => draws.GetArrayLength() > 1).Select(draws => draws[0][2].GetDouble()).Append(named).Max();
        var erasing = new RandomErasing(probability, Enum.Parse<ErasingMode>(options.Groups[2].Value, ignoreCase: true), int.Parse(options.Groups[3].Value, CultureInfo.InvariantCulture));
        int[] shape = fixture.Meta.GetProperty("shape").Integers();
        int height = shape[1], width = shape[2], number = 0;
        foreach (JsonElement row in fixture.Meta.GetProperty("rows").EnumerateArray())
        {
            float[] values = new float[height * width * Image.Channels];
            var draws = new LoggedDraws(row.GetProperty("draws"));
            erasing.Apply(values, width, height, draws);
            float[] expected = new float[values.Length];
            if (row.Field("box") is { } box)
            {
                int left = box.GetProperty("left").GetInt32(), top = box.GetProperty("top").GetInt32(), w = box.GetProperty("w").GetInt32();
                var block = new LoggedDraws(JsonSerializer.SerializeToElement(row.GetProperty("draws").EnumerateArray().Where(draw => draw[0].GetString() == "erase_pixels")));
                for (int y = top; y < top + box.GetProperty("h").GetInt32(); y++)
                    block.FillNormal(expected.AsSpan(((y * width) + left) * Image.Channels, w * Image.Channels));
            }

            comparison.SameList<float>($"row {number}", values, expected);
            comparison.Same($"draws left of row {number++}", draws.Left, 0);
        }
    }

    private static void RunTransform(FixtureCase fixture, Comparison comparison, JsonElement runs)
    {
        int size = fixture.Meta.GetProperty("img_size").GetInt32();
        Match probability = Regex.Match(fixture.Meta.Text("note") ?? "", @"re_prob raised to (\d\.\d+)");
        var augmentation = new AugmentationConfig { AutoAugment = RecordedPolicy };
        if (probability.Success)
            augmentation.Reprob = double.Parse(probability.Groups[1].Value, CultureInfo.InvariantCulture);
        TrainTransform transform = TrainingAugmentation.Create(augmentation, new DataConfig { ImgSize = size }, s_mean, s_std);
        string[] names = [.. RandAugmentOperation.All(isIncreasing: true).Select(operation => operation.Name)];
        using Image source = ImageCases.ReadImage(fixture, "in.image");
        foreach (JsonProperty run in runs.EnumerateObject())
        {
            var draws = new LoggedDraws(run.Value, names);
            float[] values = new float[size * size * Image.Channels];
            transform.Apply(source, draws, values);
            float[] result = Layout.ChannelsFirst.Export(Tensor.From(values, [1, size, size, Image.Channels]));
            comparison.Close($"out.{run.Name}", Array.ConvertAll(result, value => (double)value), TensorTolerance);
            comparison.Same($"draws left of run {run.Name}", draws.Left, 0);
        }
    }

    private static void RunBoxes(Comparison comparison, JsonElement rows)
    {
        int number = 0;
        foreach (JsonElement row in rows.EnumerateArray())
        {
            Mixture actual = Mixture.Cut(row.GetProperty("lam").GetDouble(), Value("cx"), Value("cy"), Value("W"), Value("H"));
            var box = new PixelRect(Value("xl"), Value("yl"), Value("xh") - Value("xl"), Value("yh") - Value("yl"));
            comparison.Same($"row {number++}", actual, new Mixture(row.GetProperty("lam_corrected").GetDouble(), box));

            int Value(string name) => row.GetProperty(name).GetInt32();
        }
    }

    private static void RunMixup(FixtureCase fixture, Comparison comparison, string kind)
    {
        JsonElement draws = fixture.Meta.GetProperty("draws");
        double lambda = draws.GetProperty("lam").GetDouble();
        Shape shape = fixture.ShapeOf("in.x");
        int[] labels = [.. fixture.Doubles("in.labels").Select(label => (int)label)];
        var mixup = new Mixup(new AugmentationConfig(), fixture.ShapeOf("out.mixup.target")[1], Smoothing());
        Compare("mixup", Mixture.Sum(lambda));
        Compare("cutmix", Mixture.Cut(lambda, draws.GetProperty("cx").GetInt32(), draws.GetProperty("cy").GetInt32(), shape[3], shape[2]));

        void Compare(string name, Mixture mixture)
        {
            Tensor images = Layout.ChannelsFirst.Import(fixture.Floats("in.x"), shape);
            var mixtures = new Mixture[labels.Length];
            mixtures.AsSpan().Fill(mixture);
            (Tensor mixed, Tensor targets) = mixup.Apply(images, labels, mixtures);
            comparison.Close($"out.{name}.x", Layout.ChannelsFirst.Export(mixed));
            comparison.Close($"out.{name}.target", targets.ToArray());
        }

        double Smoothing()
        {
            Match match = Regex.Match(kind, @"label_smoothing ([\d.]+)");
            return match.Success ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0.1;
        }
    }

    private static void RunMixedTargets(FixtureCase fixture, Comparison comparison, JsonElement rows)
    {
        int[] labels = rows.GetProperty("labels").Integers();
        int number = 0;
        foreach (JsonElement pair in rows.GetProperty("lam_smoothing").EnumerateArray())
        {
            var mixtures = new Mixture[labels.Length];
            mixtures.AsSpan().Fill(Mixture.Sum(pair[0].GetDouble()));
            Tensor targets = SoftTargets.Mixed(labels, rows.GetProperty("num_classes").GetInt32(), pair[1].GetDouble(), mixtures);
            comparison.Close($"out.{number++}", targets.ToArray());
        }
    }
}
