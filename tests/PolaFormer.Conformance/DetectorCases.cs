using System.Globalization;
using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Detection;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Heads;
using PolaFormer.Detection.Losses;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Conformance;

/// <summary>Backbones and whole detectors under mmdetection's names.</summary>
internal static class DetectorCases
{
    private const double FeatureTolerance = 1e-4;

    /// <summary>A backbone's maps, gradients and statistics.</summary>
    public static void Backbone(FixtureCase fixture, Comparison comparison)
    {
        FeatureExtractor backbone = MmdetBackbone.Read(fixture.Meta.GetProperty("construct")).Create();
        IReadOnlyList<MmdetEntry> state = MmdetState.Of(backbone);
        CompareState(comparison, fixture.Meta.GetProperty("params"), state);
        Fill(fixture, state);
        SetMode(backbone, fixture.Meta.Field("train_mode")?.GetBoolean() ?? false);
        Shape shape = fixture.ShapeOf("in.input");
        Tensor images = Layout.ChannelsFirst.Import(fixture.Floats("in.input"), shape).Detach();
        images.RequiresGrad = true;
        Tensor[] maps;
        using (var tape = Tape.Start())
        {
            maps = backbone.ForwardMaps(images);
            Tensor loss = Tensor.Zeros([]);
            for (int i = 0; i < maps.Length; i++)
                loss = loss + (maps[i] * Layout.ChannelsFirst.Import(fixture.Floats($"cot.f{i}"), fixture.ShapeOf($"cot.f{i}"))).Sum();
            tape.Backward(loss);
        }

        for (int i = 0; i < maps.Length; i++)
            comparison.Close($"out.f{i}", Layout.ChannelsFirst.Export(maps[i]));
        if (fixture.Has("grad.in.input"))
            comparison.Close("grad.in.input", Layout.ChannelsFirst.Export(images.Grad!));
        CompareGradients(fixture, comparison, state);
        foreach (MmdetEntry entry in state.Where(entry => fixture.Has($"stat.{entry.Name}")))
            comparison.Close($"stat.{entry.Name}", entry.Read(tensor => tensor.ToArray()));
    }

    /// <summary>A reduced detector: a training step's decisions, losses and gradients, detections, and two steps of AdamW.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        Detector detector = MmdetModel.Read(fixture.Meta.GetProperty("construct")).Create();
        IReadOnlyList<MmdetEntry> state = MmdetState.Of(detector);
        CompareState(comparison, fixture.Meta.GetProperty("params"), state);
        comparison.Same("param_count", detector.ParameterCount, fixture.Meta.GetProperty("param_count").GetInt64());
        ImageInfo[] images = DetectionHeadCases.Images(fixture);
        ImageObjects[] objects = DetectionRegionCases.Objects(fixture, images, (info, _) => (info.PaddedHeight, info.PaddedWidth));
        Tensor input = Input(fixture, images);
        Fill(fixture, state);
        detector.Train();
        (Func<int, int[]> draw, List<int> drawn) = DetectionCases.Permutations(fixture);
        using (var tape = Tape.Start())
        {
            NamedLoss[] losses = TrainingLosses(fixture, comparison, detector, input, images, objects, draw);
            foreach (NamedLoss loss in losses)
                comparison.Close($"loss.{loss.Name}", [.. loss.Values.Select(value => (double)value.Item())]);
            Tensor total = NamedLoss.Total(losses);
            comparison.Close("loss.total", [total.Item()]);
            tape.Backward(total);
        }

        DetectionCases.ComparePermutations(fixture, comparison, drawn);
        CompareGradients(fixture, comparison, state);
        Fill(fixture, state);
        detector.Evaluate();
        using (GradMode.Disable())
        {
            ImageDetections[][] found = DetectionRegionCases.AtBounds((detector as RegionDetector)?.Regions, () => detector.Detect(input, images));
            for (int i = 0; i < found[0].Length; i++)
                DetectionRegionCases.CompareDetections(fixture, comparison, [.. found.Select(all => all[i].ByClass())], $"dets{i}", $"labels{i}", $"test_masks{i}", $"test_mask_pixels_differing{i}");
        }

        Steps(fixture, comparison, detector, state, input, images, objects);
    }

    /// <summary>An official configuration at full size.</summary>
    public static void Full(FixtureCase fixture, Comparison comparison)
    {
        using GradMode mode = GradMode.Disable();
        Detector detector = MmdetModel.Read(fixture.Meta.GetProperty("construct")).Create();
        Fill(fixture, MmdetState.Of(detector));
        detector.Evaluate();
        int[] size = [.. fixture.Meta.GetProperty("inputs").Text("input")!.Split('(', ')')[1].Split(',').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
        Tensor images = Layout.ChannelsFirst.Import(FormulaValues.SmoothImage(size[1], size[2]), [1, 3, size[1], size[2]]);
        Tensor[] features = detector.Backbone.ForwardMaps(images), maps = detector.ForwardMaps(images);
        Compare("backbone", features);
        Compare("fpn", maps);
        LevelOutputs[] levels = detector is RetinaNet single ? single.Head.ForwardMaps(maps) : ((RegionDetector)detector).Proposer.ForwardMaps(maps);
        Compare("cls", [.. levels.Select(level => level.Scores)]);
        Compare("reg", [.. levels.Select(level => level.Deltas)]);
        if (detector is RegionDetector regions && fixture.Has("in.rois"))
        {
            float[] rows = fixture.Floats("in.rois");
            (int, Box)[] boxes = [.. Enumerable.Range(0, rows.Length / 5).Select(i => ((int)rows[5 * i], new Box(rows[(5 * i) + 1], rows[(5 * i) + 2], rows[(5 * i) + 3], rows[(5 * i) + 4])))];
            (Tensor scores, Tensor deltas) = regions.Regions.ForwardBoxes(maps, boxes);
            CompareMap(fixture, comparison, "bbox_cls", scores);
            CompareMap(fixture, comparison, "bbox_reg", deltas);
            CompareMap(fixture, comparison, "mask", regions.Regions.ForwardMasks(maps, boxes));
        }

        void Compare(string name, Tensor[] all)
        {
            for (int i = 0; i < all.Length; i++)
                CompareMap(fixture, comparison, string.Create(CultureInfo.InvariantCulture, $"{name}{i}"), all[i]);
        }
    }

    /// <summary>Names, shapes, weight decay and first values of a configuration at full size.</summary>
    public static void Manifest(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        Detector detector = MmdetModel.Read(meta.GetProperty("construct")).Create();
        IReadOnlyList<MmdetEntry> state = MmdetState.Of(detector);
        comparison.SameList("state dict", state.Select(entry => $"{entry.Name} {entry.Shape}").ToArray(), [.. meta.GetProperty("state_dict").EnumerateObject().Select(entry => $"{entry.Name} {entry.Value.ToShape()}")]);
        comparison.SameList("buffers", state.Where(entry => entry.Tensors[0] is not Parameter).Select(entry => entry.Name).ToArray(), meta.Texts("buffers"));
        comparison.Same("param_count", detector.ParameterCount, meta.GetProperty("param_count").GetInt64());
        if (meta.Field("optimizer_groups") is { } groups)
            CompareDecay(comparison, meta.GetProperty("optimizer"), groups, state);
        if (meta.Field("init_statistics") is { } statistics)
            CompareStart(comparison, statistics, state);
    }

    /// <summary>A checkpoint as mmcv writes it.</summary>
    public static void Checkpoint(FixtureCase fixture, Comparison comparison)
    {
        Detector detector = MmdetModel.Read(fixture.Meta.GetProperty("construct")).Create();
        string file = Directory.EnumerateFiles(fixture.Folder, "*.pth").First();
        using Checkpoint checkpoint = Checkpoints.Checkpoint.Open(file);
        MmdetCheckpoint.Load(detector, checkpoint);
        foreach (MmdetEntry entry in MmdetState.Of(detector).Where(entry => entry.Tensors[0].DType == DType.Float32 && !FormulaValues.IsConstant(entry.Name)))
            comparison.SameList(entry.Name, entry.Read(tensor => tensor.ToArray()), FormulaValues.Entry(fixture.Salt, entry.Name, entry.Shape));
        comparison.SameList("names", MmdetState.Of(detector).Select(entry => $"{entry.Name} {entry.Shape}").ToArray(), [.. fixture.Meta.GetProperty("keys").EnumerateObject().Select(entry => $"{entry.Name} {entry.Value.ToShape()}")]);
    }

    /// <summary>A backbone filled from a classifier's weights.</summary>
    public static void Pretrained(FixtureCase fixture, Comparison comparison)
    {
        FeatureExtractor backbone = MmdetBackbone.Read(fixture.Meta.GetProperty("construct")).Create();
        backbone.Initialize(0);
        string path = Path.Combine(Path.GetTempPath(), $"polaformer-{Guid.NewGuid():N}.safetensors");
        try
        {
            SafetensorsWriter.Write(path, [.. fixture.Meta.GetProperty("classifier").GetProperty("keys").EnumerateObject().Where(entry => entry.Value.GetArrayLength() > 0 && !FormulaValues.IsConstant(entry.Name))
                .Select(entry => new CheckpointTensor(entry.Name, entry.Value.ToShape(), FormulaValues.Entry(fixture.Salt, entry.Name, entry.Value.ToShape())))]);
            using Checkpoint checkpoint = Checkpoints.Checkpoint.Open(path);
            PretrainedReport report = LenientLoader.Load(backbone, checkpoint);
            string[] expected = fixture.Meta.GetProperty("load_plain").Texts("missing");
            comparison.SameList("missing", report.Missing.ToArray(), expected);
            string[] known = [.. backbone.State().Select(entry => entry.Name)];
            comparison.SameList("unexpected", fixture.Meta.GetProperty("classifier").GetProperty("keys").EnumerateObject().Select(entry => entry.Name).Where(name => !known.Contains(name)).ToArray(), fixture.Meta.GetProperty("load_plain").Texts("unexpected"));
        }
        finally
        {
            File.Delete(path);
        }

        backbone.Evaluate();
        Tensor[] maps = backbone.ForwardMaps(Layout.ChannelsFirst.Import(fixture.Floats("in.input"), fixture.ShapeOf("in.input")));
        for (int i = 0; i < maps.Length; i++)
            comparison.Close($"out.f{i}", Layout.ChannelsFirst.Export(maps[i]));
    }

    /// <summary>A classifier's entries under the names and layouts of mmdetection's backbones.</summary>
    public static void KeyMaps(FixtureCase fixture, Comparison comparison)
    {
        foreach (string kind in new[] { "swin", "pvt" })
        {
            JsonElement map = fixture.Meta.GetProperty(kind);
            var sources = map.GetProperty("from").EnumerateObject().ToDictionary(entry => entry.Name, entry => Tensor.From(
                fixture.Has($"in.{kind}.{entry.Name}") ? fixture.Floats($"in.{kind}.{entry.Name}") : FormulaValues.Symmetric($"map.{entry.Name}", entry.Value.ToShape().Count), entry.Value.ToShape()));
            IReadOnlyList<MmdetEntry> entries = MmdetState.OfClassifier(sources, kind == "swin", kind == "swin" ? "backbone." : "");
            string[] expected = [.. fixture.Suffixes($"value.{kind}.")];
            comparison.SameList($"names of {kind}", entries.Select(entry => entry.Name).Order(StringComparer.Ordinal).ToArray(), [.. expected.Order(StringComparer.Ordinal)]);
            foreach (MmdetEntry entry in entries.Where(entry => fixture.Has($"value.{kind}.{entry.Name}")))
                comparison.Close($"value.{kind}.{entry.Name}", entry.Read(tensor => tensor.ToArray()));
        }
    }

    /// <summary>What frozen stages take out of training.</summary>
    public static void Frozen(FixtureCase fixture, Comparison comparison)
    {
        FeatureExtractor backbone = MmdetBackbone.Read(fixture.Meta.GetProperty("construct")).Create();
        backbone.Train();
        string[] frozen = [.. MmdetState.Of(backbone).Where(entry => entry.Tensors[0] is Parameter { RequiresGrad: false }).Select(entry => entry.Name)];
        comparison.SameList("frozen parameters", frozen, fixture.Meta.Texts("requires_grad_false"));
    }

    /// <summary>The official configurations by name.</summary>
    public static void Configurations(FixtureCase fixture, Comparison comparison)
    {
        foreach (JsonProperty config in fixture.Meta.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.Object && entry.Name != "source"))
        {
            JsonElement model = config.Value.Field("model") ?? config.Value;
            DetectorEntry entry = DetectorRegistry.Find(config.Name == "cascade_base_model" ? "cascade_b3" : config.Name);
            comparison.Same(config.Name, DetectorConfig.Json.Write(Bare(entry.Config)), DetectorConfig.Json.Write(Bare(MmdetModel.Read(model))));
            if (config.Value.Field("lr_config") is not { } rates || entry.Recipe is not { } recipe)
                continue;
            comparison.SameList($"steps of {config.Name}", recipe.RateEpochs.ToArray(), rates.GetProperty("step").Integers());
            comparison.Same($"warm-up of {config.Name}", recipe.WarmupSteps, rates.GetProperty("warmup_iters").GetInt32());
            comparison.Same($"epochs of {config.Name}", recipe.Epochs, config.Value.GetProperty("runner").GetProperty("max_epochs").GetInt32());
            comparison.Same($"rate of {config.Name}", recipe.BaseRate, config.Value.GetProperty("optimizer").GetProperty("lr").GetDouble());
            comparison.Same($"decay of {config.Name}", recipe.WeightDecay, config.Value.GetProperty("optimizer").GetProperty("weight_decay").GetDouble());
            comparison.Same($"groups of {config.Name}", recipe.SparesNorms, config.Value.GetProperty("optimizer").Field("paramwise_cfg") is not null);
            comparison.Same($"crops of {config.Name}", recipe.IsMultiScale, config.Value.GetProperty("data").GetProperty("train").GetProperty("pipeline").EnumerateArray().Any(step => step.Text("type") == "AutoAugment"));
        }
    }

    // Of the classifier alone, which a backbone does not have.
    private static DetectorConfig Bare(DetectorConfig config) =>
        config with { Backbone = config.Backbone with { Network = ((PolaFormerPlusPlusConfig)config.Backbone.Network) with { Projection = 1024 } } };

    private static void SetMode(Module module, bool trains)
    {
        if (trains)
            module.Train();
        else
            module.Evaluate();
    }

    private static void Fill(FixtureCase fixture, IReadOnlyList<MmdetEntry> state)
    {
        foreach (MmdetEntry entry in state)
        {
            if (entry.Tensors[0].DType == DType.Float32 && !FormulaValues.IsConstant(entry.Name))
                entry.Write(fixture.Has($"param.{entry.Name}") ? fixture.Floats($"param.{entry.Name}") : FormulaValues.Entry(fixture.Salt, entry.Name, entry.Shape));
            else if (entry.Name.EndsWith("num_batches_tracked", StringComparison.Ordinal))
                entry.Tensors[0].AsSpan<long>().Clear();
        }
    }

    private static void CompareState(Comparison comparison, JsonElement expected, IReadOnlyList<MmdetEntry> state) =>
        comparison.SameList("state dict", state.Select(entry => $"{entry.Name} {entry.Shape}").ToArray(), [.. expected.EnumerateObject().Select(entry => $"{entry.Name} {entry.Value.GetProperty("shape").ToShape()}")]);

    private static float[] GradientOf(Tensor tensor) => tensor.Grad?.ToArray() ?? new float[tensor.Count];

    private static void CompareGradients(FixtureCase fixture, Comparison comparison, IReadOnlyList<MmdetEntry> state)
    {
        if (fixture.Has("grad.digest"))
            DetectionRegionCases.CompareDigests(fixture, comparison, "grad", "digest", "digest_names", [.. state.Where(entry => entry.Tensors[0] is Parameter).Select(entry => (entry.Name, (Func<float[]>)(() => entry.Read(GradientOf))))]);
        foreach (MmdetEntry entry in state.Where(entry => fixture.Has($"grad.param.{entry.Name}")))
            comparison.Close($"grad.param.{entry.Name}", entry.Read(GradientOf));
        HashSet<string> without = [.. fixture.Meta.Texts("no_grad_params")];
        foreach (MmdetEntry entry in state.Where(entry => without.Contains(entry.Name)))
            comparison.Same($"{entry.Name} having a gradient", entry.Tensors[0].Grad is not null, false);
    }

    private static Tensor Input(FixtureCase fixture, ImageInfo[] images)
    {
        int height = images.Max(image => image.PaddedHeight), width = images.Max(image => image.PaddedWidth);
        Shape shape = [images.Length, 3, height, width];
        float[] values = FormulaValues.Symmetric($"{fixture.Salt}input", shape.Count);
        for (int i = 0; i < values.Length; i++)
        {
            ImageInfo image = images[i / (3 * height * width)];
            if (i / width % height >= image.Height || i % width >= image.Width)
                values[i] = 0;
        }

        return Layout.ChannelsFirst.Import(values, shape);
    }

    private static NamedLoss[] TrainingLosses(FixtureCase fixture, Comparison comparison, Detector detector, Tensor input, ImageInfo[] images, ImageObjects[] objects, Func<int, int[]> draw)
    {
        if (detector is RetinaNet single)
        {
            NamedLoss[] losses = single.TrainingLosses(input, images, objects, draw, out DenseTargets[] targets);
            DetectionHeadCases.CompareTargets(fixture, comparison, targets, "value.train.dense.", "out.train.dense.bbox_targets");
            return losses;
        }

        NamedLoss[] all = ((RegionDetector)detector).TrainingLosses(input, images, objects, draw, out DenseTargets[] anchors, out RegionStage[] stages);
        DetectionHeadCases.CompareTargets(fixture, comparison, anchors, "value.train.dense.", "out.train.dense.bbox_targets");
        for (int i = 0; i < stages.Length; i++)
        {
            RegionStage stage = stages[i];
            comparison.Exact($"value.train.s{i}.labels", DetectionCases.Wide(stage.Labels));
            comparison.Exact($"value.train.s{i}.num_pos", [.. stage.Samples.Select(sample => (double)sample.Positive.Length)]);
            comparison.Close($"out.train.s{i}.rois", [.. stage.Regions.SelectMany(region => (double[])[region.Image, region.Box.X1, region.Box.Y1, region.Box.X2, region.Box.Y2])]);
            if (stage.MaskTargets is not null && fixture.Has($"value.train.m{i}.mask_targets"))
                comparison.Exact($"value.train.m{i}.mask_targets", DetectionCases.Wide(stage.MaskTargets));
        }

        return all;
    }

    private static void Steps(FixtureCase fixture, Comparison comparison, Detector detector, IReadOnlyList<MmdetEntry> state, Tensor input, ImageInfo[] images, ImageObjects[] objects)
    {
        JsonElement settings = fixture.Meta.GetProperty("optimizer");
        Fill(fixture, state);
        Dictionary<string, float[]> start = state.Where(entry => entry.Tensors[0].DType == DType.Float32).ToDictionary(entry => entry.Name, entry => entry.Read(tensor => tensor.ToArray()));
        detector.Train();
        double decay = settings.GetProperty("weight_decay").GetDouble(), rate = settings.GetProperty("lr").GetDouble();
        bool spares = settings.Field("paramwise_cfg") is not null;
        var optimizer = new AdamW(Groups(state, decay, spares), 0.9, 0.999, 1e-8);
        var noise = new Dictionary<string, double>();
        var losses = new double[fixture.Meta.GetProperty("steps").GetInt32()];
        for (int i = 0; i < losses.Length; i++)
        {
            using var scope = MemoryScope.Enter();
            detector.ZeroGrad();
            using var tape = Tape.Start();
            Tensor total = NamedLoss.Total(detector.TrainingLosses(input, images, objects, DetectionCases.Permutations(fixture).Draw));
            losses[i] = total.Item();
            tape.Backward(total);
            AddNoise(state, rate, noise);
            optimizer.Step(rate);
        }

        comparison.Close("out.step_losses", losses);
        DetectionRegionCases.CompareDigests(fixture, comparison, "final", "update_digest", "update_names",
            [.. state.Where(entry => start.ContainsKey(entry.Name)).Select(entry => (entry.Name, (Func<float[]>)(() => [.. entry.Read(tensor => tensor.ToArray()).Zip(start[entry.Name], (end, begin) => end - begin)])))],
            new HashSet<string>(fixture.Meta.Texts("update_ill_conditioned")),
            noise);
    }

    // L1 losses pull a bias by equal amounts in both directions, which cancel but for the rounding that the order of sums decides; Adam
    // divides by the size of what is left, and moves the element by up to the rate. Left is less than float32 tells apart beside the
    // largest element.
    private static void AddNoise(IReadOnlyList<MmdetEntry> state, double rate, Dictionary<string, double> noise)
    {
        const double rounding = 1.2e-7;
        foreach (MmdetEntry entry in state.Where(entry => entry.Tensors[0] is Parameter))
        {
            float[] gradient = entry.Read(GradientOf);
            double largest = gradient.Max(Math.Abs);
            noise[entry.Name] = noise.GetValueOrDefault(entry.Name) + (gradient.Count(value => value != 0 && Math.Abs(value) < rounding * largest) * rate);
        }
    }

    // Names are mmdetection's: which parameters are spared depends on them.
    private static IReadOnlyList<ParameterGroup> Groups(IReadOnlyList<MmdetEntry> state, double decay, bool spares)
    {
        var keys = new CustomKeys(spares ? DetectionRecipe.SparedKeys : new Dictionary<string, CustomKey>());
        return [.. state.SelectMany(entry => entry.Tensors.OfType<Parameter>().Select(parameter => (entry.Name, Parameter: parameter))).Where(entry => entry.Parameter.RequiresGrad)
            .GroupBy(entry => keys.Of(entry.Name).DecayFactor).Select(group => new ParameterGroup([.. group], decay * group.Key))];
    }

    private static void CompareMap(FixtureCase fixture, Comparison comparison, string name, Tensor map)
    {
        float[] values = Layout.ChannelsFirst.Export(map);
        if (fixture.Has($"out.{name}"))
            comparison.Close($"out.{name}", values);
        if (fixture.Meta.GetProperty("statistics").Field(name) is not { } expected)
            return;
        float[] weights = FormulaValues.Symmetric($"{fixture.Salt}proj.{name}", values.Length);
        double mean = values.Average(value => (double)value), magnitude = values.Average(value => Math.Abs((double)value)), projection = values.Zip(weights).Sum(pair => (double)pair.First * pair.Second) / Math.Sqrt(values.Length);
        double deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        JsonElement truth = expected.GetProperty("float64");
        double tolerance = FeatureTolerance * truth[1].GetDouble();
        double[] actual = [mean, deviation, magnitude, projection];
        for (int i = 0; i < actual.Length; i++)
            comparison.Within($"{name} {i}", actual[i], truth[i].GetDouble(), tolerance);
    }

    private static void CompareDecay(Comparison comparison, JsonElement optimizer, JsonElement groups, IReadOnlyList<MmdetEntry> state)
    {
        double decay = optimizer.GetProperty("weight_decay").GetDouble();
        var keys = new CustomKeys(optimizer.Field("paramwise_cfg") is not null ? DetectionRecipe.SparedKeys : new Dictionary<string, CustomKey>());
        string[] spared = [.. state.Where(entry => entry.Tensors[0] is Parameter && decay * keys.Of(entry.Name).DecayFactor == 0).Select(entry => entry.Name)];
        string[] expected = [.. groups.GetProperty("others").EnumerateObject().SelectMany(entry => entry.Value.EnumerateArray().Select(item => item.GetString()!))];
        comparison.SameList("parameters without decay", spared, expected);
    }

    // A draw has a deviation near that of its distribution.
    private static void CompareStart(Comparison comparison, JsonElement statistics, IReadOnlyList<MmdetEntry> state)
    {
        foreach (MmdetEntry entry in state.Where(entry => entry.Tensors is [Parameter]))
        {
            if (statistics.Field(entry.Name) is not { } expected || entry.Name.StartsWith("backbone.", StringComparison.Ordinal))
                continue;
            Initializer start = ((Parameter)entry.Tensors[0]).Initializer;
            double deviation = start.Kind switch { InitializerKind.Constant => 0, InitializerKind.Normal => start.Scale, _ => start.Scale / Math.Sqrt(3) };
            double mean = start.Kind == InitializerKind.Constant ? start.Scale : 0, count = entry.Shape.Count;
            comparison.Within($"deviation of {entry.Name} at the start", deviation, expected[1].GetDouble(), (6 * deviation / Math.Sqrt(2 * count)) + 1e-6);
            comparison.Within($"mean of {entry.Name} at the start", mean, expected[0].GetDouble(), (6 * deviation / Math.Sqrt(count)) + (2e-3 * Math.Abs(mean)) + 1e-6);
        }
    }
}
