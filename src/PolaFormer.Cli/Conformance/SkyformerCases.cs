using System.Text.Json;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.Cli.Conformance;

/// <summary>Attentions of the Skyformer repository, (B, heads, N, d) with a mask (B, N), with that code's own constants.</summary>
internal static class SkyformerCases
{
    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        string type = fixture.Meta.GetProperty("source").Text("cls") ?? "";
        if (!fixture.Has("in.Q"))
            throw new CapabilityMissingException("The networks and the training of Skyformer are not part of this program");
        JsonElement construct = fixture.Meta.GetProperty("construct");
        AttentionShape shape = SequenceBaselines.ShapeOf(fixture, "Q");
        var baseline = new Baseline { Fixture = fixture };
        AttentionMechanism mechanism = type switch
        {
            "LinformerAttention" => new LinformerAttention(shape, construct.GetProperty("linformer_k").GetInt32()),
            "NystromAttention" => Nystrom(shape, construct),
            "PerformerAttention" => Performer(shape, construct),
            _ => throw new CapabilityMissingException($"{type} of Skyformer is not part of this program"),
        };
        baseline.Part(mechanism is PerformerAttention ? "attn_fn" : "", mechanism);
        baseline.Run(comparison, () => [("y", SequenceBaselines.AttendHeads(baseline, mechanism, "Q", "K", "V", baseline.Input("mask")))]);
    }

    /// <summary>Nyströmformer, its inverse from one sum for the batch.</summary>
    public static NystromAttention Nystrom(AttentionShape shape, JsonElement construct) =>
        new(shape, construct.GetProperty("num_landmarks").GetInt32(), construct.Field("conv_kernel_size")?.GetInt32() ?? 0) { SharesStart = true };

    /// <summary>Performer, scaled once in the wrapper and once more in the kernel.</summary>
    public static PerformerAttention Performer(AttentionShape shape, JsonElement construct) =>
        new(shape, PerformerKernel.Softmax, construct.GetProperty("rp_dim").GetInt32()) { Scale = 1 / MathF.Sqrt(shape.HeadDim), SharesMaximum = true };
}
