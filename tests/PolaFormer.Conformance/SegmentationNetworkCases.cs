using System.Globalization;
using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.NN;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Inference;
using PolaFormer.Segmentation.Losses;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Conformance;

/// <summary>Whole networks of family I: training steps, inference, files, and those of the official configurations.</summary>
internal static class SegmentationNetworkCases
{
    /// <summary>What runs a kind of case; null for a kind of other cases.</summary>
    public static Action<FixtureCase, Comparison>? RunnerOf(string kind) => kind switch
    {
        "network" => RunNetwork,
        "inference" => RunInference,
        "manifest" => RunManifest,
        "full" => RunFull,
        "checkpoint" => RunCheckpoint,
        "load_checkpoint" => RunLoadCheckpoint,
        _ => null,
    };

    private static void RunNetwork(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        Segmenter network = Create(fixture, comparison, meta.GetProperty("construct"));
        if (meta.Field("param_count") is { } count)
            comparison.Same("param_count", network.ParameterCount, count.GetInt64());
        Shape shape = fixture.ShapeOf("in.input");
        Tensor images = Layout.ChannelsFirst.Import(fixture.Floats("in.input"), shape).Detach();
        LabelMap[] labels = SegmentationCases.Labels(fixture, "in.labels");

        network.Evaluate();
        using (MemoryScope.Enter())
        {
            Tensor logits = SegmenterInference.Logits(network, images);
            comparison.Close("eval.logits", Layout.ChannelsFirst.Export(logits));
            CompareArgMax(fixture, comparison, "value.argmax", logits, "eval.logits");
        }

        network.Train();
        images.RequiresGrad = true;
        using (MemoryScope.Enter())
        using (var tape = Tape.Start())
        {
            Tensor[] heads = network.ForwardHeads(images);
            DecodeHead[] modules = HeadsOf(network);
            string[] names = ["decode", "aux"];
            Tensor total = Tensor.Zeros([]);
            for (int i = 0; i < heads.Length; i++)
            {
                Tensor loss = PixelLoss.Of(heads[i], labels, modules[i].Config);
                comparison.Close($"loss.{names[i]}.loss_seg", loss.ToArray());

                // Two pixels may fall on the other side.
                double pixels = labels.Sum(map => map.Values.Length);
                comparison.Close($"out.{names[i]}.acc_seg", [PixelLoss.Accuracy(heads[i], labels, modules[i].Config)], 200.5 / pixels);
                total = total + loss;
            }

            comparison.Close("loss.total", total.ToArray());
            tape.Backward(total);
        }

        if (fixture.Has("grad.in.input"))
            comparison.Close("grad.in.input", Layout.ChannelsFirst.Export(images.Grad!));
        ForwardBackward.CompareGradients(fixture, comparison, network);
        ForwardBackward.CompareStatistics(fixture, comparison, network);
        if (meta.Field("trajectory") is { } trajectory)
            RunTrajectory(fixture, comparison, network, labels, shape, trajectory);
    }

    private static void RunTrajectory(FixtureCase fixture, Comparison comparison, Segmenter network, LabelMap[] labels, Shape shape, JsonElement trajectory)
    {
        FormulaValues.Fill(network, fixture.Salt);
        network.Train();
        JsonElement optimizer = trajectory.GetProperty("optimizer"), schedule = trajectory.GetProperty("schedule");
        double rate = optimizer.GetProperty("lr").GetDouble(), decay = optimizer.Field("weight_decay")?.GetDouble() ?? 0.01;
        CustomKeys keys = KeysOf(optimizer);
        CompareGroups(fixture, comparison, network, keys, rate, decay);
        double[] betas = optimizer.Field("betas") is { } list ? [.. list.EnumerateArray().Select(beta => beta.GetDouble())] : [0.9, 0.999];
        var adamW = new AdamW(keys.Split(network, decay), betas[0], betas[1]);
        PolySchedule poly = SegmentationCases.Schedule(rate, schedule, schedule.GetProperty("max_iters").GetInt64());
        long first = schedule.Field("first_iter")?.GetInt64() ?? 0;
        var losses = new double[trajectory.GetProperty("steps").GetInt32()];
        for (int t = 0; t < losses.Length; t++)
        {
            using var scope = MemoryScope.Enter();
            string name = t == 0 ? "input" : string.Create(CultureInfo.InvariantCulture, $"input.{t}");
            Tensor images = Layout.ChannelsFirst.Import(FormulaValues.Symmetric(fixture.Salt + name, shape.Count), shape);
            LabelMap[] moved = [.. labels.Select(map => new LabelMap(map.Width, map.Height, [.. map.Values.Select(label => label == LabelMap.Ignored ? label : (byte)((label + t) % network.NumClasses))]))];
            network.ZeroGrad();
            using (var tape = Tape.Start())
            {
                DecodeHead[] modules = HeadsOf(network);
                Tensor total = network.ForwardHeads(images).Select((logits, i) => PixelLoss.Of(logits, moved, modules[i].Config)).Aggregate((a, b) => a + b);
                losses[t] = total.Item();
                tape.Backward(total);
            }

            double rateOfStep = poly.RateOf(first + t);
            CompareRates(fixture, comparison, network, keys, t, rateOfStep);
            adamW.Step(rateOfStep);
        }

        comparison.Close("out.loss_per_step", losses);
        HashSet<string> noise = trajectory.Field("ill_conditioned") is { } ill ? [.. ill.EnumerateObject().Select(entry => entry.Name)] : [];
        Dictionary<string, Tensor> state = network.StateDict().ToDictionary();
        foreach (string name in fixture.Suffixes("final."))
        {
            if (noise.Contains(name))
                comparison.Excuse($"final.{name}");
            else
                comparison.Close($"final.{name}", WithoutNoise(fixture, name, ForwardBackward.Widened(state[name])));
        }
    }

    // Adam divides a gradient by its own size: where it lies within its tolerance of 0, even the sign of the update is rounding.
    private static double[] WithoutNoise(FixtureCase fixture, string name, double[] actual)
    {
        string key = $"grad.param.{name}";
        if (!fixture.Has(key) || fixture.Meta.Field("checks")?.Field(key)?.Field("atol")?.GetDouble() is not { } tolerance)
            return actual;
        double[] gradient = fixture.Doubles(key), truth = fixture.Doubles($"final.{name}");
        for (int i = 0; i < actual.Length; i++)
            actual[i] = Math.Abs(gradient[i]) < tolerance ? truth[i] : actual[i];
        return actual;
    }

    private static void CompareRates(FixtureCase fixture, Comparison comparison, Segmenter network, CustomKeys keys, int step, double rate)
    {
        if (fixture.Meta.Field("lr_values_per_step") is not { } all)
            return;
        double[] expected = [.. all[step].EnumerateArray().Select(value => value.GetDouble()).Order()];
        double[] actual = [.. network.NamedParameters().Select(entry => keys.Of(entry.Name).RateFactor).Distinct().Order().Select(factor => factor * rate)];
        comparison.Same($"number of rates of step {step}", actual.Length, expected.Length);
        for (int i = 0; i < Math.Min(actual.Length, expected.Length); i++)
            comparison.Within($"rate of step {step}", actual[i], expected[i], 1e-12 * expected[i]);
    }

    private static void CompareGroups(FixtureCase fixture, Comparison comparison, Segmenter network, CustomKeys keys, double rate, double decay)
    {
        if (fixture.Meta.Field("param_groups")?.Field("rows") is not { } rows)
            return;
        string Line(string name, double ofRate, double ofDecay) => string.Create(CultureInfo.InvariantCulture, $"{name} {ofRate:g9} {ofDecay:g9}");

        // Without options of parameters all are one group, of which the case has the first.
        int count = rows.GetArrayLength() == 1 ? 1 : int.MaxValue;
        comparison.SameList<string>(
            "parameter groups",
            [.. network.NamedParameters().Take(count).Select(entry => Line(entry.Name, rate * keys.Of(entry.Name).RateFactor, decay * keys.Of(entry.Name).DecayFactor))],
            [.. rows.EnumerateArray().Select(row => Line(row[0].GetString()!, row[1].GetDouble(), row[2].GetDouble()))]);
    }

    private static void RunInference(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        Segmenter network = Create(fixture, comparison, meta.GetProperty("construct"));
        network.Evaluate();
        int[] crop = meta.GetProperty("crop_size").Integers(), stride = meta.GetProperty("stride").Integers(), original = meta.GetProperty("ori_shape").Integers();
        Tensor Input(string name) => Layout.ChannelsFirst.Import(fixture.Floats(name), fixture.ShapeOf(name));
        Tensor input = Input("in.input"), whole = SegmenterInference.Logits(network, input);
        comparison.Close("out.whole", Layout.ChannelsFirst.Export(whole));

        var window = new SlidingWindow(crop[0], crop[1], stride[0], stride[1]);
        if (meta.Field("windows")?.Field("rows") is { } rows)
        {
            comparison.SameList<string>(
                "windows",
                [.. window.Of(input.Shape[1], input.Shape[2]).Select(part => $"{part.Y} {part.X} {part.Y + part.Height} {part.X + part.Width}")],
                [.. rows.EnumerateArray().Select(row => string.Join(' ', row.Integers()))]);
        }

        comparison.Close("out.slide", Layout.ChannelsFirst.Export(SegmenterInference.Slide(network, input, window, out float[] counts)));
        comparison.Exact("value.count", Array.ConvertAll(counts, count => (double)count));

        Tensor rescaled = SegmenterInference.Probabilities(network, whole, original[0], original[1]);
        comparison.Close("out.whole_softmax_rescaled", Layout.ChannelsFirst.Export(rescaled));
        CompareArgMax(fixture, comparison, "value.simple_pred", rescaled, "out.whole_softmax_rescaled");

        // The input stands on its head, the result does not.
        Tensor turned = SegmenterInference.Logits(network, SegmenterInference.Flipped(input, FlipDirection.Vertical));
        comparison.Close("out.whole_softmax_vflip", Layout.ChannelsFirst.Export(SegmenterInference.Probabilities(network, turned, original[0], original[1], FlipDirection.Vertical)));

        Tensor sum = Tensor.Zeros(rescaled.Shape);
        foreach (string name in (string[])["in.input", "in.input2"])
        {
            Tensor view = Input(name);
            sum = sum + SegmenterInference.Probabilities(network, SegmenterInference.Logits(network, view), original[0], original[1]);
            sum = sum + SegmenterInference.Probabilities(network, SegmenterInference.Logits(network, SegmenterInference.Flipped(view, FlipDirection.Horizontal)), original[0], original[1], FlipDirection.Horizontal);
        }

        Tensor mean = sum * 0.25f;
        comparison.Close("out.aug_mean", Layout.ChannelsFirst.Export(mean));
        CompareArgMax(fixture, comparison, "value.aug_pred", mean, "out.aug_mean");
    }

    private static void RunManifest(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        var network = new Segmenter(SegmenterConstruction.Network(meta.GetProperty("config")));
        CompareKeys(comparison, network, meta.GetProperty("keys"));
        comparison.Same("parameters", network.ParameterCount, meta.GetProperty("parameters").GetInt64());
        foreach (JsonProperty part in meta.GetProperty("by_part").EnumerateObject())
            comparison.Same($"parameters of {part.Name}", network.Children.Where(child => child.Name == part.Name).Sum(child => child.Module.ParameterCount), part.Value.GetInt64());

        JsonElement optimizer = meta.GetProperty("optimizer");
        double rate = optimizer.GetProperty("lr").GetDouble(), decay = optimizer.GetProperty("weight_decay").GetDouble();
        CustomKeys keys = KeysOf(optimizer);
        var groups = network.NamedParameters().GroupBy(entry => keys.Of(entry.Name)).ToDictionary(group => (Rounded(rate * group.Key.RateFactor), Rounded(decay * group.Key.DecayFactor)), group => group.Select(entry => entry.Name).ToArray());
        foreach (JsonProperty group in meta.GetProperty("parameter_groups").EnumerateObject())
        {
            string[] words = group.Name.Split(' '), names = group.Value.Texts("names");
            (double, double) key = (Rounded(double.Parse(words[1], CultureInfo.InvariantCulture)), Rounded(double.Parse(words[3], CultureInfo.InvariantCulture)));
            if (names is ["(all)"])
                comparison.Same("groups", groups.Count, 1);
            else if (groups.TryGetValue(key, out string[]? actual))
                comparison.SameList<string>(group.Name, actual, names);
            else
                comparison.Fail($"there is no group of {group.Name}");
        }

        CompareOfficial(fixture, comparison, network);
        CompareWork(fixture, comparison);

        static double Rounded(double value) => double.Parse(value.ToString("g9", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    // The configuration of that name gives the same network.
    private static void CompareOfficial(FixtureCase fixture, Comparison comparison, Segmenter network)
    {
        string name = OfficialName(fixture.Case, "manifest_");
        if (SegmenterRegistry.TryFind(name) is not { } entry)
            return;
        Segmenter official = entry.Config.Create();
        comparison.SameList<string>(name, [.. official.StateDict().Select(item => $"{item.Name} {item.Tensor.Shape}")], [.. network.StateDict().Select(item => $"{item.Name} {item.Tensor.Shape}")]);
    }

    // Multiply-accumulates of convolutions, linear layers and the products of attention and of the factorisation, without the
    // depthwise sums and normalisers that some count and others do not.
    private static void CompareWork(FixtureCase fixture, Comparison comparison)
    {
        if (fixture.Meta.Field("macs") is not { } macs)
            return;
        int[] size = macs.GetProperty("input").Integers();
        var device = new MetaDevice();
        using IDisposable use = device.Use();
        using GradMode mode = GradMode.Disable();
        var network = new Segmenter(SegmenterConstruction.Network(fixture.Meta.GetProperty("config")));
        network.Evaluate();
        network.ForwardLogits(Tensor.Empty([1, size[0], size[1], 3]));
        double expected = macs.GetProperty("total").GetDouble();
        comparison.Within("multiply-accumulates", device.MultiplyAccumulates, expected, 0.02 * expected);
    }

    private static string OfficialName(string caseName, string prefix)
    {
        string name = caseName.Replace(prefix, "", StringComparison.Ordinal).Replace("tiny", "t", StringComparison.Ordinal).Replace("small", "s", StringComparison.Ordinal);
        return name.EndsWith("_uper", StringComparison.Ordinal) ? name + "net" : name;
    }

    private static void RunFull(FixtureCase fixture, Comparison comparison)
    {
        SegmenterConfig config = fixture.Meta.Field("config") is { } given
            ? SegmenterConstruction.Network(given)
            : SegmenterRegistry.TryFind(OfficialName(fixture.Case, "full_"))?.Config ?? throw new CapabilityMissingException($"there is no counterpart of {fixture.Case}");
        var network = new Segmenter(config);
        FormulaValues.Fill(network, fixture.Salt);
        SegmenterConstruction.GiveBases(fixture, network);
        network.Evaluate();
        Shape shape = fixture.Meta.GetProperty("shape").ToShape();
        Tensor images = Layout.ChannelsFirst.Import(FormulaValues.SmoothImage(shape[2], shape[3]), shape);
        using GradMode mode = GradMode.Disable();
        Tensor logits = network.ForwardLogits(images);
        comparison.Close("out.logits", Layout.ChannelsFirst.Export(logits));
        CompareArgMax(fixture, comparison, "value.argmax", logits, "out.logits");
        network.OptimizeForInference();
        comparison.Close("out.logits", Layout.ChannelsFirst.Export(network.ForwardLogits(images)));
    }

    private static void RunCheckpoint(FixtureCase fixture, Comparison comparison)
    {
        Segmenter network = Create(fixture, comparison, fixture.Meta.GetProperty("construct"));
        foreach (JsonProperty file in fixture.Meta.GetProperty("files").EnumerateObject())
        {
            using Checkpoint checkpoint = Checkpoint.Open(fixture.PathOf(file.Name));
            ModelLoader.LoadStrict(network, checkpoint);
        }

        CompareKeys(comparison, network, fixture.Meta.GetProperty("keys"));
        network.Evaluate();
        comparison.Close("eval.logits", Layout.ChannelsFirst.Export(SegmenterInference.Logits(network, Layout.ChannelsFirst.Import(fixture.Floats("in.input"), fixture.ShapeOf("in.input")))));
    }

    private static void RunLoadCheckpoint(FixtureCase fixture, Comparison comparison)
    {
        var state = new StateOnly([.. fixture.Suffixes("value.").Select(name => (name, fixture.ShapeOf($"value.{name}")))]);
        state.Initialize(0);
        using (Checkpoint checkpoint = Checkpoint.Open(fixture.PathOf(fixture.Meta.GetProperty("files").EnumerateObject().First().Name)))
            LenientLoader.Load(state, checkpoint);
        double? tolerance = fixture.Meta.Field("tolerance")?.GetDouble();
        foreach ((string name, Tensor tensor) in state.StateDict())
            comparison.Close($"value.{name}", ForwardBackward.Widened(tensor), tolerance);
    }

    private static Segmenter Create(FixtureCase fixture, Comparison comparison, JsonElement construct)
    {
        var network = new Segmenter(SegmenterConstruction.Network(construct));
        if (fixture.Meta.Field("params") is { } state)
            ForwardBackward.CompareState(comparison, state, network);
        FormulaValues.Fill(network, fixture.Salt);
        SegmenterConstruction.GiveBases(fixture, network);
        return network;
    }

    private static DecodeHead[] HeadsOf(Segmenter network) => network.AuxiliaryHead is null ? [network.Head] : [network.Head, network.AuxiliaryHead];

    private static CustomKeys KeysOf(JsonElement optimizer) => new(
        optimizer.Field("paramwise_cfg")?.Field("custom_keys") is { } keys
            ? keys.EnumerateObject().ToDictionary(key => key.Name, key => new CustomKey(key.Value.Field("lr_mult")?.GetDouble() ?? 1, key.Value.Field("decay_mult")?.GetDouble() ?? 1))
            : []);

    private static void CompareKeys(Comparison comparison, Segmenter network, JsonElement keys) => comparison.SameList<string>(
        "state dict",
        [.. network.StateDict().Select(entry => $"{entry.Name} {entry.Tensor.Shape} {entry.Tensor.DType.ToString().ToLowerInvariant()}")],
        [.. keys.EnumerateArray().Select(key => $"{key[0].GetString()} {key[1].ToShape()} {key[2].GetString()}")]);

    // Only where the two largest values are further apart than errors may be.
    private static void CompareArgMax(FixtureCase fixture, Comparison comparison, string key, Tensor values, string tolerancesOf)
    {
        comparison.Excuse(key);
        int classes = values.Shape[3];
        float[] all = values.ToArray();
        byte[] expected = fixture.Bytes(key), actual = SegmenterInference.ArgMax(all, classes);
        double margin = 2 * (fixture.Meta.Field("checks")?.Field(tolerancesOf)?.Field("atol")?.GetDouble() ?? 1e-5);
        int wrong = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            float[] row = all[(i * classes)..((i + 1) * classes)];
            Array.Sort(row);
            wrong += actual[i] != expected[i] && row[^1] - row[^2] > margin ? 1 : 0;
        }

        comparison.Same($"wrong pixels of {key}", wrong, 0);
    }

    // A state dict of ones.
    private sealed class StateOnly : Module
    {
        public StateOnly((string Name, Shape Shape)[] entries)
        {
            foreach ((string name, Shape shape) in entries)
                AddParameter(name, shape, Initializer.Ones, name.EndsWith("relative_position_bias_table", StringComparison.Ordinal) ? StateTraits.Positions : StateTraits.None);
        }

        protected override Tensor Run(Tensor x) => x;
    }
}
