using System.Text.Json;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Conformance;

/// <summary>Family L: Long Range Arena by the Skyformer repository and polarity attention in one dimension.</summary>
internal static class LongRangeCases
{
    /// <summary>Runs a case by its kind.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        string kind = fixture.Meta.Text("kind") ?? "";
        switch (kind)
        {
            case "classify":
                RunClassifier(fixture, comparison);
                break;
            case "layer":
                RunLayer(fixture, comparison);
                break;
            case "train":
                ArenaRunCases.RunSteps(fixture, comparison);
                break;
            case "run":
                ArenaRunCases.RunWhole(fixture, comparison);
                break;
            case "tokens":
                ArenaTokenCases.Run(fixture, comparison);
                break;
            case "values":
                ArenaTokenCases.RunValues(fixture, comparison);
                break;
            case "schedule":
                RunSchedules(fixture, comparison);
                break;
            default:
                throw new CapabilityMissingException($"Cases of the kind '{kind}' are not compared here");
        }
    }

    /// <summary>The labels of a case as one-hot targets.</summary>
    public static Tensor Targets(FixtureCase fixture, string key, SequenceClassifier network) =>
        SoftTargets.FromLabels(Labels(fixture, key), network.Config.NumClasses, 0);

    /// <summary>The ids of a batch, (B, N), or (B, 2, N) for two sequences.</summary>
    public static Tensor Tokens(FixtureCase fixture, string suffix, bool isDual, string prefix = "in.")
    {
        Tensor first = Ids(fixture, $"{prefix}input_ids_0{suffix}");
        if (!isDual)
            return first;
        Tensor second = Ids(fixture, $"{prefix}input_ids_1{suffix}");
        return Tensor.Concat(1, Paired(first), Paired(second));

        static Tensor Paired(Tensor tokens) => tokens.Reshape(tokens.Shape[0], 1, tokens.Shape[1]);
    }

    /// <summary>The labels of a case.</summary>
    public static int[] Labels(FixtureCase fixture, string key) => [.. fixture.Doubles(key).Select(label => (int)label)];

    private static Tensor Ids(FixtureCase fixture, string key) => Tensor.From([.. fixture.Doubles(key).Select(id => (long)id)], fixture.ShapeOf(key));

    // Logits, losses, hits, and the gradient of the mean loss.
    private static void RunClassifier(FixtureCase fixture, Comparison comparison)
    {
        bool isDual = fixture.Meta.Field("dual")?.GetBoolean() ?? false;
        SequenceClassifier network = SequenceNetwork.Of(fixture, isDual);
        ForwardBackward.LoadState(fixture, comparison, network);
        network.Evaluate();
        using var tape = Tape.Start();
        Tensor logits = network.Forward(Tokens(fixture, "", isDual));
        Tensor losses = logits.CrossEntropy(Targets(fixture, "in.label", network)), mean = losses.Mean();
        comparison.Close("out.logits", ForwardBackward.Widened(logits));
        comparison.Close("out.loss", ForwardBackward.Widened(losses));
        comparison.Close("loss.mean", ForwardBackward.Widened(mean));
        double[] hits = Hits(logits.ToArray(), Labels(fixture, "in.label"));
        comparison.Exact("value.accu", hits);
        comparison.Exact("value.correct", [hits.Sum()]);
        tape.Backward(mean);
        ForwardBackward.CompareGradients(fixture, comparison, network);
    }

    // Rate and β₁ at chosen steps.
    private static void RunSchedules(FixtureCase fixture, Comparison comparison)
    {
        foreach (string task in fixture.Suffixes("f64.lr."))
        {
            JsonElement arguments = fixture.Meta.GetProperty(task);
            var schedule = OneCycleSchedule.FromPeak(arguments.GetProperty("max_lr").GetDouble(), arguments.GetProperty("warmup").GetInt64(), arguments.GetProperty("total_steps").GetInt64());
            long[] steps = [.. fixture.Doubles($"in.step.{task}").Select(step => (long)step)];
            comparison.Close($"f64.lr.{task}", [.. steps.Select(schedule.RateOf)], 1e-12 * schedule.BaseRate);
            comparison.Close($"f64.beta1.{task}", [.. steps.Select(step => schedule.Beta1Of(step)!.Value)], 1e-12);
        }
    }

    private static double[] Hits(float[] logits, int[] labels)
    {
        int classes = logits.Length / labels.Length;
        return [.. labels.Select((label, row) =>
        {
            ReadOnlySpan<float> values = logits.AsSpan(row * classes, classes);
            int largest = 0;
            for (int i = 1; i < classes; i++)
                largest = values[i] > values[largest] ? i : largest;
            return largest == label ? 1.0 : 0;
        })];
    }

    // The authors' class on a grid of one row, and the same as a sequence, whose kernel is the middle row of theirs.
    private static void RunLayer(FixtureCase fixture, Comparison comparison)
    {
        JsonElement construct = fixture.Meta.GetProperty("construct");
        int Of(string name) => construct.GetProperty(name).GetInt32();
        (int dim, int heads, int tokens, int kernel) = (Of("dim"), Of("num_heads"), Of("num_patches"), Of("kernel_size"));
        bool hasBias = construct.GetProperty("qkv_bias").GetBoolean();
        float alpha = construct.GetProperty("alpha").GetSingle();

        var plane = new PvtAttention(new PolarityAttention(AttentionShape.Grid(dim, heads, 1, tokens), kernel, alpha), hasBias);
        var line = new PvtAttention(new PolarityAttention(new AttentionShape(dim, heads, tokens) { IsSequence = true }, kernel, alpha), hasBias);
        ForwardBackward.LoadState(fixture, comparison, plane);
        Dictionary<string, Tensor> state = plane.StateDict().ToDictionary();
        foreach ((string name, Tensor tensor) in line.StateDict())
            tensor.CopyFrom(MiddleRow(name, state[name].ToArray(), kernel));

        Shape shape = fixture.ShapeOf("in.x");
        Tensor cotangent = Tensor.From(fixture.Floats("cot.y"), shape);
        Compare(plane, [shape[0], 1, tokens, dim]);
        ForwardBackward.CompareGradients(fixture, comparison, plane);
        Compare(line, shape);
        Dictionary<string, Parameter> gradients = plane.NamedParameters().ToDictionary();
        foreach ((string name, Parameter parameter) in line.NamedParameters())
        {
            float[] expected = MiddleRow(name, gradients[name].Grad!.ToArray(), kernel), actual = parameter.Grad!.ToArray();
            double scale = expected.Max(Math.Abs);
            for (int i = 0; i < expected.Length; i++)
                comparison.Within($"{name} along the sequence", actual[i], expected[i], 2e-5 * scale);
        }

        void Compare(PvtAttention layer, Shape input)
        {
            layer.Evaluate();
            Tensor x = Tensor.From(fixture.Floats("in.x"), input);
            x.RequiresGrad = true;
            using var tape = Tape.Start();
            Tensor y = layer.Forward(x);
            tape.Backward(y, cotangent.Reshape(y.Shape));
            comparison.Close("out.y", ForwardBackward.Widened(y));
            comparison.Close("grad.in.x", ForwardBackward.Widened(x.Grad!));
        }
    }

    // Of (d, 1, k, k) the middle row (d, 1, k); all else as it is.
    private static float[] MiddleRow(string name, float[] values, int kernel) =>
        name != "dwc.weight" ? values : [.. values.Where((_, i) => i / kernel % kernel == kernel / 2)];
}
