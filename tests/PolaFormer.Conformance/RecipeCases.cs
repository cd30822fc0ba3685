using System.Text.Json;
using System.Text.RegularExpressions;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Conformance;

/// <summary>Family D: the parts of the training recipe. A case is told by what it holds.</summary>
internal static partial class RecipeCases
{
    private const double ScheduleTolerance = 1e-12;

    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        if (meta.Field("config") is not null)
            RunConfiguration(fixture, comparison);
        if (meta.Field("schedule") is { } schedule && fixture.Has("f64.lr_value"))
            RunSchedule(fixture, comparison, schedule);
        else if (meta.Field("no_decay") is not null)
            RunGroups(fixture, comparison);
        else if (meta.Field("iters_per_epoch") is { } steps && fixture.Has("f64.lr_value"))
            RunSchedule(fixture, comparison, steps.GetInt64());
        else if (meta.Field("args") is { } arguments && arguments.Text("kind") is "adamw" or "sgd")
            RunOptimizer(fixture, comparison, arguments);
        else if (meta.Field("source")?.Text("cls") == "ModelEma")
            RunModelEma(fixture, comparison);
        else if (fixture.Has("out.label_smoothing"))
            RunLosses(fixture, comparison);
        else if (AugmentationCase(fixture, comparison) is { } run)
            run();
        else if (meta.Field("config") is null)
            throw new CapabilityMissingException("this part of the training recipe is not compared here");
    }

    private static void RunSchedule(FixtureCase fixture, Comparison comparison, JsonElement description)
    {
        JsonElement config = fixture.Meta.GetProperty("config"), train = config.GetProperty("TRAIN");
        string world = $"world_size {description.GetProperty("world_size").GetInt32()}";
        JsonElement scaled = fixture.Meta.GetProperty("linear_scaling").GetProperty(world);
        long steps = description.GetProperty("iters_per_epoch").GetInt64();
        var schedule = new CosineSchedule(
            scaled.GetProperty("BASE_LR").GetDouble(), scaled.GetProperty("WARMUP_LR").GetDouble(), scaled.GetProperty("MIN_LR").GetDouble(),
            train.GetProperty("WARMUP_EPOCHS").GetInt64() * steps, train.GetProperty("EPOCHS").GetInt64() * steps);
        Compare("f64.lr_value", schedule.Value);
        Compare("f64.lr_used", schedule.RateOf);

        void Compare(string key, Func<long, double> value)
        {
            double[] actual = [.. Enumerable.Range(0, (int)fixture.ShapeOf(key).Count).Select(t => value(t))];
            comparison.Close(key, actual, ScheduleTolerance * actual.Max());
        }
    }

    // The file of configs/ for the case's model, or the case's own keys where there is none, resolved by our reader.
    private static void RunConfiguration(FixtureCase fixture, Comparison comparison)
    {
        var expected = new TrainingConfig();
        ConfigurationReader.Apply(expected, [.. fixture.Meta.GetProperty("config").EnumerateObject().SelectMany(section => Keys(section.Name, section.Value))]);
        TrainingConfig actual = RecipeOf(fixture.Case) is { } path ? ConfigurationReader.Read(path) : expected;
        actual.Output = expected.Output;
        comparison.SameList<string>("resolved configuration", ConfigurationWriter.Write(actual).Split('\n'), ConfigurationWriter.Write(expected).Split('\n'));

        LearningRateSchedule schedule = ConfiguredOptimization.Schedule(actual, stepsPerEpoch: 1);
        JsonElement scaled = fixture.Meta.GetProperty("linear_scaling").GetProperty("world_size 1");
        comparison.Within("scaled BASE_LR", schedule.BaseRate, scaled.GetProperty("BASE_LR").GetDouble(), ScheduleTolerance);
        comparison.Within("scaled WARMUP_LR", schedule.WarmupRate, scaled.GetProperty("WARMUP_LR").GetDouble(), ScheduleTolerance);
    }

    private static string? RecipeOf(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "configs", $"{ModelName(name)}.yaml");
            if (File.Exists(path))
                return path;
        }

        return null;
    }

    // Another schedule than cosine, at the rates of one process, unscaled.
    private static void RunSchedule(FixtureCase fixture, Comparison comparison, long stepsPerEpoch)
    {
        JsonElement train = fixture.Meta.GetProperty("train");
        var config = new TrainingConfig();
        ConfigurationReader.Apply(config, [.. Keys("TRAIN", train), "DATA.BATCH_SIZE", "512"]);
        LearningRateSchedule schedule = ConfiguredOptimization.Schedule(config, (int)stepsPerEpoch);
        double[] actual = [.. Enumerable.Range(0, (int)fixture.ShapeOf("f64.lr_value").Count).Select(t => schedule.Value(t))];
        comparison.Close("f64.lr_value", actual, ScheduleTolerance * actual.Max());
    }

    // TRAIN.BASE_LR 0.0005 and so on: the leaves of a section.
    private static IEnumerable<string> Keys(string prefix, JsonElement value) => value.ValueKind == JsonValueKind.Object
        ? value.EnumerateObject().SelectMany(child => Keys($"{prefix}.{child.Name}", child.Value))
        : [prefix, value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()];

    private static void RunGroups(FixtureCase fixture, Comparison comparison)
    {
        using IDisposable meta = new MetaDevice().Use();
        double decay = fixture.Meta.GetProperty("decay").GetProperty("weight_decay").GetDouble();
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Split(ModelRegistry.Find(ModelName(fixture.Case)).Create(), decay);
        foreach ((string name, ParameterGroup group) in new[] { ("decay", groups[0]), ("no_decay", groups[1]) })
        {
            JsonElement expected = fixture.Meta.GetProperty(name);
            comparison.Same($"{name} tensors", group.Parameters.Count, expected.GetProperty("tensors").GetInt32());
            comparison.Same($"{name} numel", group.Parameters.Sum(entry => entry.Parameter.Count), expected.GetProperty("numel").GetInt64());
            comparison.Same($"{name} weight_decay", group.WeightDecay, expected.GetProperty("weight_decay").GetDouble());
            if (fixture.Meta.Field("names") is { ValueKind: JsonValueKind.Object } names)
                comparison.SameList<string>($"{name} names", [.. group.Parameters.Select(entry => entry.Name)], names.Texts(name));
        }
    }

    // param_groups_pola_pvt_t, param_groups_pola_swin_b_384, param_groups_pola_b0
    private static string ModelName(string name)
    {
        string model = name[(name.IndexOf("pola_", StringComparison.Ordinal) + "pola_".Length)..];
        if (model[0] == 'b')
            return $"polaformer_pp_{model}";
        string[] parts = model.Split('_');
        string size = parts[1] switch { "t" => "tiny", "s" => "small", "m" => "medium", "b" => "base", "l" => "large", string other => other };
        return string.Join('_', ["pola", parts[0], size, .. parts[2..]]);
    }

    // w decays, b does not; the gradients are given.
    private static void RunOptimizer(FixtureCase fixture, Comparison comparison, JsonElement arguments)
    {
        Parameter w = Given("w"), b = Given("b");
        double? clip = arguments.Field("clip_grad_norm")?.GetDouble();
        ParameterGroup[] groups = [new ParameterGroup([("w", w)], arguments.GetProperty("weight_decay").GetDouble()), new ParameterGroup([("b", b)], 0)];
        Optimizer optimizer = arguments.Text("kind") == "sgd" ? new Sgd(groups) : new AdamW(groups);
        int steps = fixture.ShapeOf("out.w")[0];

        // The gradients of a clipped run are stored as clipping left them, the norms as they were before.
        double[] scales = [.. fixture.Doubles("out64.norm").Select(norm => clip is { } max ? Math.Max(1, (norm + 1e-6) / max) : 1)];
        List<double> norms = [], weights = [], biases = [];
        for (int t = 0; t < steps; t++)
        {
            SetGradient(w, $"in.g.w.{t}", (float)scales[t]);
            SetGradient(b, $"in.g.b.{t}", (float)scales[t]);
            norms.Add(clip is { } max ? GradientClipping.ByNorm([w, b], max) : GradientClipping.Norm([w, b]));
            optimizer.Step(arguments.GetProperty("lr").GetDouble());
            weights.AddRange(ForwardBackward.Widened(w));
            biases.AddRange(ForwardBackward.Widened(b));
        }

        comparison.Close("out.w", [.. weights]);
        comparison.Close("out.b", [.. biases]);
        comparison.Close("out.norm", [.. norms]);

        Parameter Given(string name)
        {
            var parameter = new Parameter(fixture.ShapeOf($"in.{name}"), Initializer.Zeros);
            parameter.CopyFrom(fixture.Floats($"in.{name}"));
            return parameter;
        }

        void SetGradient(Parameter parameter, string key, float scale)
        {
            parameter.ZeroGrad();
            using var tape = Tape.Start();
            tape.Backward((parameter * Tensor.From(fixture.Floats(key), parameter.Shape) * scale).Sum());
        }
    }

    // The average of a linear layer and a batch norm over steps whose weights follow the formula.
    private static void RunModelEma(FixtureCase fixture, Comparison comparison)
    {
        const double decay = 0.9;
        Shape weight = fixture.ShapeOf("out.0.0.weight");
        var model = new LinearNorm(weight[1], weight[0]);
        string salt = SaltOfSteps().Match(fixture.Meta.Text("values")!).Groups[1].Value;
        FormulaValues.Fill(model, $"{salt}:");
        var ema = new ModelEma(new LinearNorm(weight[1], weight[0]), model, decay);
        for (int t = 0; fixture.Has($"out.{t}.0.weight"); t++)
        {
            FormulaValues.Fill(model, $"{salt}{t}:");
            model.StateDict().Single(entry => entry.Tensor.DType == DType.Int64).Tensor.CopyFrom([7L * (t + 1)]);
            ema.Update(t);
            foreach ((string name, Tensor tensor) in ema.Average.StateDict())
            {
                if (tensor.DType == DType.Int64)
                    comparison.Exact($"out.{t}.{name}", [tensor.ToArray<long>()[0]]);
                else
                    comparison.Close($"out.{t}.{name}", [.. ForwardBackward.Widened(tensor)]);
            }
        }
    }

    private static void RunLosses(FixtureCase fixture, Comparison comparison)
    {
        Shape shape = fixture.ShapeOf("in.x");
        int[] labels = [.. fixture.Doubles("in.labels").Select(label => (int)label)];
        double loss = Compare("cross_entropy", SoftTargets.FromLabels(labels, shape[1], 0));
        Compare("label_smoothing", SoftTargets.FromLabels(labels, shape[1], 0.1f));
        Compare("soft_target", Tensor.From(fixture.Floats("in.soft_target"), shape));
        if (fixture.Meta.Field("accuracy_percent") is { } accuracy)
        {
            var metrics = new Metrics(ClassificationMetrics.Definitions);
            metrics.Add(new BatchResult(labels.Length, Tensor.From([(float)loss], []), ClassificationMetrics.Sums(Tensor.From(fixture.Floats("in.x"), shape), labels)));
            comparison.Within("top1", 100 * metrics["top1"], accuracy.GetProperty("top1").GetDouble(), 1e-4);
            comparison.Within("top5", 100 * metrics["top5"], accuracy.GetProperty("top5").GetDouble(), 1e-4);
        }

        double Compare(string name, Tensor targets)
        {
            Tensor logits = Tensor.From(fixture.Floats("in.x"), shape);
            logits.RequiresGrad = true;
            using var tape = Tape.Start();
            Tensor loss = logits.CrossEntropy(targets).Mean();
            tape.Backward(loss);
            comparison.Close($"out.{name}", [loss.Item()]);
            comparison.Close($"grad.{name}", logits.Grad!.ToArray());
            return loss.Item();
        }
    }

    [GeneratedRegex("salt \"([^\"]*)\\{t\\}:\"")]
    private static partial Regex SaltOfSteps();

    // nn.Sequential(nn.Linear, nn.BatchNorm1d) by its state dict.
    private sealed class LinearNorm : Module
    {
        public LinearNorm(int inFeatures, int outFeatures)
        {
            AddChild("0", new Linear(inFeatures, outFeatures));
            AddChild("1", new BatchNorm2d(outFeatures));
        }

        protected override Tensor Run(Tensor x) => throw new NotSupportedException("Only its state is used.");
    }
}
