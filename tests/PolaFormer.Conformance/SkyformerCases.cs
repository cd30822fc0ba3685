using System.Text.Json;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>Attentions of the Skyformer repository, (B, heads, N, d) with a mask (B, N), with that code's own constants.</summary>
internal static class SkyformerCases
{
    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        string type = fixture.Meta.GetProperty("source").Text("cls") ?? "";
        JsonElement construct = fixture.Meta.GetProperty("construct");
        AttentionShape shape = SequenceBaselines.ShapeOf(fixture, "Q");
        var baseline = new Baseline { Fixture = fixture };
        AttentionMechanism mechanism = type switch
        {
            "LinformerAttention" => new LinformerAttention(shape, construct.GetProperty("linformer_k").GetInt32()),
            "NystromAttention" => Nystrom(shape, construct),
            "PerformerAttention" => Performer(shape, construct),
            "SoftmaxAttention" => new SoftmaxAttention(shape),
            "SoftmaxAttention_RBF" => new KernelizedAttention(shape),
            "Skyformer" => Skyformer(shape, construct, fixture.Floats("aux.rand.0")),
            "ProbAttention (attention_informer)" => Informer(shape, construct, fixture.Doubles("aux.rand.0")),
            "ProbAttention (attention_informermask)" => new InformerAttention(shape, Features(construct), Features(construct)) { Draws = fixture.Floats("aux.rand.0") },
            "BigBirdAttention" => BigBird(shape, construct, fixture),
            _ => throw new CapabilityMissingException($"{type} of Skyformer is not part of this program"),
        };
        baseline.Part(mechanism is PerformerAttention ? "attn_fn" : "", mechanism);
        Tensor? mask = type == "ProbAttention (attention_informer)" ? null : baseline.Input("mask");
        baseline.Run(comparison, () => [("y", SequenceBaselines.AttendHeads(baseline, mechanism, "Q", "K", "V", mask))]);
    }

    /// <summary>Nyströmformer, its inverse from one sum for the batch.</summary>
    public static NystromAttention Nystrom(AttentionShape shape, JsonElement construct) =>
        new(shape, construct.GetProperty("num_landmarks").GetInt32(), construct.Field("conv_kernel_size")?.GetInt32() ?? 0) { SharesStart = true };

    /// <summary>Performer, scaled once in the wrapper and once more in the kernel.</summary>
    public static PerformerAttention Performer(AttentionShape shape, JsonElement construct) =>
        new(shape, PerformerKernel.Softmax, construct.GetProperty("rp_dim").GetInt32()) { Scale = 1 / MathF.Sqrt(shape.HeadDim), SharesMaximum = true };

    /// <summary>Skyformer with given samples.</summary>
    public static SkyformerAttention Skyformer(AttentionShape shape, JsonElement construct, float[] draws)
    {
        int features = construct.Field("nb_features")?.GetInt32() ?? (int)(construct.GetProperty("sampling_factor").GetDouble() * Math.Log(construct.GetProperty("max_seq_len").GetInt32()));
        return new SkyformerAttention(shape, features, construct.GetProperty("accumulation").GetInt32()) { Draws = draws, SharesStart = true };
    }

    /// <summary>Informer with given keys, whose place in [0, 1) the mechanism takes; that code knows no mask.</summary>
    public static InformerAttention Informer(AttentionShape shape, JsonElement construct, double[] keys)
    {
        int factor = (int)Math.Ceiling(Features(construct) / Math.Log(construct.GetProperty("max_seq_len").GetInt32()));
        int count = factor * (int)Math.Ceiling(Math.Log(shape.Tokens));
        return new InformerAttention(shape, count, count) { Draws = [.. keys.Select(key => (float)((key + 0.5) / shape.Tokens))] };
    }

    /// <summary>BigBird with given blocks.</summary>
    public static BigBirdAttention BigBird(AttentionShape shape, JsonElement construct, FixtureCase fixture) =>
        new(shape, construct.GetProperty("block_size").GetInt32(), construct.GetProperty("num_random_blocks").GetInt32())
        {
            RandomBlocks = [.. fixture.Doubles("aux.rand_attn").Select(block => (int)block)],
        };

    private static int Features(JsonElement construct) => construct.GetProperty("in_nb_features").GetInt32();
}
