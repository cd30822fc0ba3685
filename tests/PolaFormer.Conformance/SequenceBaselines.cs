using System.Text.Json;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>Cases of attentions for long sequences, one method a repository.</summary>
internal static class SequenceBaselines
{
    /// <summary>Layout (B, N, heads, d); keys beyond an image's length are padding.</summary>
    public static void RunKatharopoulos(FixtureCase fixture, Comparison comparison)
    {
        Shape shape = fixture.ShapeOf("in.Q");
        (int batch, int tokens, int heads, int headDim) = (shape[0], shape[1], shape[2], shape[3]);
        int[] lengths = fixture.Meta.GetProperty("construct").GetProperty("key_lengths").Integers();
        int keys = fixture.ShapeOf("in.K")[1];
        float[] mask = new float[batch * keys];
        for (int i = 0; i < mask.Length; i++)
            mask[i] = i % keys < lengths[i / keys] ? 1 : 0;

        var baseline = new Baseline { Fixture = fixture };
        var mechanism = baseline.Part("", new EluLinearAttention(new AttentionShape(heads * headDim, heads, tokens)));
        baseline.Run(comparison, () =>
        {
            var inputs = new AttentionInputs(Tokens("Q"), Tokens("K"), Tokens("V")) { Mask = Tensor.From(mask, [batch, keys]) };
            return [("y", mechanism.Attend(inputs).Reshape(fixture.ShapeOf("out.y")))];
        });

        Tensor Tokens(string name) => baseline.Input(name).Reshape(batch, -1, heads * headDim);
    }

    /// <summary>Layout (B, heads, N, d); random directions are a buffer.</summary>
    public static void RunPerformer(FixtureCase fixture, Comparison comparison)
    {
        JsonElement construct = fixture.Meta.GetProperty("construct");
        PerformerKernel kernel = construct.GetProperty("generalized_attention").GetBoolean() ? PerformerKernel.Relu : PerformerKernel.Softmax;
        var baseline = new Baseline { Fixture = fixture };
        var mechanism = baseline.Part("", new PerformerAttention(ShapeOf(fixture, "q"), kernel, fixture.ShapeOf("param.projection_matrix")[0]));
        baseline.Run(comparison, () => [("y", AttendHeads(baseline, mechanism, "q", "k", "v"))]);
    }

    /// <summary>Layout (B, heads, N, d); the features are outputs, too.</summary>
    public static void RunHedgehog(FixtureCase fixture, Comparison comparison)
    {
        JsonElement construct = fixture.Meta.GetProperty("construct");
        HedgehogActivation activation = fixture.Meta.GetProperty("source").Text("cls")!.Contains("exp_dim", StringComparison.Ordinal) ? HedgehogActivation.Exp : HedgehogActivation.Softmax;
        var baseline = new Baseline { Fixture = fixture };
        var mechanism = baseline.Part("", new HedgehogAttention(
            ShapeOf(fixture, "q"), activation, construct.GetProperty("feature_dim").GetInt32(), construct.GetProperty("skip_connection").GetBoolean()));
        baseline.Run(comparison, () =>
        [
            ("y", AttendHeads(baseline, mechanism, "q", "k", "v")),
            ("phi_q", mechanism.QueryMap.Forward(baseline.Input("q"))),
            ("phi_k", mechanism.KeyMap.Forward(baseline.Input("k"))),
        ]);
    }

    /// <summary>Layout (N, B, C), with projections; keys and values are the queries' tokens unless given.</summary>
    public static void RunCosformer(FixtureCase fixture, Comparison comparison)
    {
        JsonElement construct = fixture.Meta.GetProperty("construct");
        Shape shape = fixture.ShapeOf("in.query");
        var baseline = new Baseline { Fixture = fixture };
        Linear key = baseline.Linear("k_proj"), value = baseline.Linear("v_proj"), query = baseline.Linear("q_proj");
        Linear? output = fixture.Has("param.out_proj.weight") ? baseline.Linear("out_proj") : null;
        var mechanism = baseline.Part("", new CosformerAttention(new AttentionShape(shape[2], construct.GetProperty("num_heads").GetInt32(), shape[0])));
        baseline.Run(comparison, () =>
        {
            Tensor x = Tokens("query"), source = fixture.Has("in.key") ? Tokens("key") : x, values = fixture.Has("in.value") ? Tokens("value") : x;
            Tensor y = mechanism.Attend(new AttentionInputs(query.Forward(x), key.Forward(source), value.Forward(values)) { IsCausal = construct.Field("causal")?.GetBoolean() ?? false });
            return [("y", (output is null ? y : output.Forward(y)).Permute(1, 0, 2))];
        });

        Tensor Tokens(string name) => baseline.Input(name).Permute(1, 0, 2);
    }

    /// <summary>Layout (B, heads, N, d): linear attention whose rows are not normalised.</summary>
    public static void RunNystromLinear(FixtureCase fixture, Comparison comparison)
    {
        var baseline = new Baseline { Fixture = fixture };
        var mechanism = baseline.Part("", new EluLinearAttention(ShapeOf(fixture, "Q")) { IsNormalized = false });
        baseline.Run(comparison, () => [("y", AttendHeads(baseline, mechanism, "Q", "K", "V", baseline.Input("mask")))]);
    }

    /// <summary>Layout (B, N, C); a mask (B, 1, 1, N) tells global tokens (above 0) and padding (below) of each image.</summary>
    public static void RunLongformer(FixtureCase fixture, Comparison comparison)
    {
        JsonElement construct = fixture.Meta.GetProperty("construct");
        if (construct.Text("mode") is { } mode && mode is not ("sliding_chunks" or "tvm"))
            throw new CapabilityMissingException($"Longformer's mode {mode}, which attends to other tokens, is not part of this program");
        Shape shape = fixture.ShapeOf("in.x");
        var attention = new AttentionShape(shape[2], construct.GetProperty("heads").GetInt32(), shape[1]);
        float[] roles = fixture.Floats("in.attention_mask");
        var baseline = new Baseline { Fixture = fixture };
        Linear query = baseline.Linear("query"), key = baseline.Linear("key"), value = baseline.Linear("value");
        Linear globalQuery = baseline.Linear("query_global"), globalKey = baseline.Linear("key_global"), globalValue = baseline.Linear("value_global");
        baseline.Run(comparison, () => [("y", Tensor.Concat(0, [.. Enumerable.Range(0, shape[0]).Select(Image)]))]);

        Tensor Image(int image)
        {
            float[] role = roles[(image * shape[1])..((image + 1) * shape[1])];
            int[] global = [.. Enumerable.Range(0, role.Length).Where(token => role[token] > 0)];
            var mechanism = new LongformerAttention(attention, construct.GetProperty("window").GetInt32()) { GlobalTokens = global };
            Tensor x = baseline.Input("x").Slice(0, image, 1), mask = Tensor.From([.. role.Select(value => value < 0 ? 0f : 1)], [1, shape[1]]);
            var inputs = new AttentionInputs(query.Forward(x), key.Forward(x), value.Forward(x)) { Mask = mask };
            return global.Length == 0
                ? mechanism.Attend(inputs)
                : mechanism.Attend(inputs, new AttentionInputs(globalQuery.Forward(x), globalKey.Forward(x), globalValue.Forward(x)) { Mask = mask });
        }
    }

    /// <summary>Layout (B, N, d), one head; the buckets, counted on over the rounds, are an output, too.</summary>
    public static void RunReformer(FixtureCase fixture, Comparison comparison)
    {
        JsonElement construct = fixture.Meta.GetProperty("construct");
        Shape shape = fixture.ShapeOf("in.qk"), rotations = fixture.ShapeOf("aux.rand.0");
        (int rounds, int buckets) = (rotations[2], 2 * rotations[3]);
        var baseline = new Baseline { Fixture = fixture };
        var mechanism = baseline.Part("", new ReformerAttention(new AttentionShape(shape[2], 1, shape[1]), construct.GetProperty("bucket_size").GetInt32(), rounds)
        {
            Rotations = Tensor.From(fixture.Floats("aux.rand.0"), [shape[2], rounds, rotations[3]]),
        });
        baseline.Run(comparison, () =>
        {
            Tensor query = baseline.Input("qk");
            long[] numbers = [.. mechanism.Buckets(query).ToArray<long>().Select((bucket, i) => bucket + (i / shape[1] % rounds * buckets))];
            return [("y", mechanism.Attend(new AttentionInputs(query, query, baseline.Input("v")))), ("buckets", Tensor.From(numbers, [shape[0], rounds * shape[1]]))];
        });
    }

    /// <summary>Layout (B, N, C); one head, values projected.</summary>
    public static void RunSynthesizer(FixtureCase fixture, Comparison comparison)
    {
        Shape shape = fixture.ShapeOf("in.x");
        var attention = new AttentionShape(shape[2], 1, shape[1]);
        var baseline = new Baseline { Fixture = fixture };
        AttentionMechanism mechanism = baseline.Part<AttentionMechanism>("", fixture.Meta.GetProperty("source").Text("cls") switch
        {
            "SynthesizerDense" => new DenseSynthesizer(attention),
            "SynthesizerRandom" => new RandomSynthesizer(attention),
            string type => throw new CapabilityMissingException($"{type} is not part of this program"),
            null => throw new InvalidDataException("The case names no class."),
        });
        Linear value = baseline.Linear("value_fc");
        baseline.Run(comparison, () => [("y", mechanism.Attend(new AttentionInputs(baseline.Input("x"), baseline.Input("x"), value.Forward(baseline.Input("x")))))]);
    }

    /// <summary>Layout (B, N, C); values and result projected. Queries are the input itself.</summary>
    public static void RunFactorizedSynthesizer(FixtureCase fixture, Comparison comparison)
    {
        JsonElement construct = fixture.Meta.GetProperty("construct");
        string mode = construct.Text("mode") ?? "factorized_random";
        bool isRandom = mode.Contains("random", StringComparison.Ordinal), isDense = mode.Contains("dense", StringComparison.Ordinal);
        if (!isRandom && !isDense)
            throw new CapabilityMissingException($"The {mode} synthesizer of Long Range Arena is not part of this program");
        Shape shape = fixture.ShapeOf("in.x");
        int Given(string name, int fallback) => construct.Field(name)?.GetInt32() ?? fallback;
        int? rank = mode.Contains("factorized_random", StringComparison.Ordinal) ? Given("k", 32) : null;
        var baseline = new Baseline { Fixture = fixture };
        FactorizedSynthesizer? mechanism = null;
        Linear? value = null, output = null;

        // In the order of the case's parameters.
        foreach (string part in fixture.Meta.GetProperty("params").EnumerateObject().Select(entry => entry.Name.Split('.')[0]).Distinct())
        {
            if (part == "value")
                value = baseline.Linear(part);
            else if (part == "out")
                output = baseline.Linear(part);
            else
                mechanism ??= baseline.Part("", new FactorizedSynthesizer(
                    new AttentionShape(shape[2], Given("heads", 1), shape[1]), rank, Given("max_length", 512),
                    (isRandom ? SynthesizerParts.Random : 0) | (isDense ? SynthesizerParts.Dense : 0)));
        }

        baseline.Run(comparison, () => [("y", output!.Forward(mechanism!.Attend(new AttentionInputs(baseline.Input("x"), baseline.Input("x"), value!.Forward(baseline.Input("x"))))))]);
    }

    /// <summary>The shape of queries (B, heads, N, d).</summary>
    public static AttentionShape ShapeOf(FixtureCase fixture, string query)
    {
        Shape shape = fixture.ShapeOf($"in.{query}");
        return new AttentionShape(shape[1] * shape[3], shape[1], shape[2]);
    }

    /// <summary>A mechanism on inputs (B, heads, N, d), and its result so.</summary>
    public static Tensor AttendHeads(Baseline baseline, AttentionMechanism mechanism, string query, string key, string value, Tensor? mask = null)
    {
        Tensor y = mechanism.Attend(new AttentionInputs(Merged(query), Merged(key), Merged(value)) { Mask = mask });
        return y.Reshape(y.Shape[0], y.Shape[1], mechanism.Shape.NumHeads, -1).Permute(0, 2, 1, 3);

        Tensor Merged(string name)
        {
            Tensor heads = baseline.Input(name);
            return heads.Permute(0, 2, 1, 3).Reshape(heads.Shape[0], heads.Shape[2], heads.Shape[1] * heads.Shape[3]);
        }
    }
}
