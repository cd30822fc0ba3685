using System.Text.Json;
using PolaFormer.Models;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.Conformance;

/// <summary>The network of a case by the Skyformer repository's keys of its configuration.</summary>
internal static class SequenceNetwork
{
    /// <summary>Makes the network of <c>construct</c>, weights undefined.</summary>
    public static SequenceClassifier Of(FixtureCase fixture, bool isDual)
    {
        JsonElement construct = fixture.Meta.GetProperty("construct");
        return new SequenceClassifier(ConfigOf(construct, isDual), shape => Mechanism(fixture, construct, shape));
    }

    private static SequenceClassifierConfig ConfigOf(JsonElement construct, bool isDual)
    {
        int Of(string name) => construct.GetProperty(name).GetInt32();
        return new SequenceClassifierConfig
        {
            VocabularySize = Of("vocab_size"),
            MaxLength = Of("max_seq_len"),
            Dim = Of("transformer_dim"),
            HiddenDim = Of("transformer_hidden_dim"),
            NumHeads = Of("num_head"),
            HeadDim = Of("head_dim"),
            NumLayers = Of("num_layers"),
            SharesLayers = construct.GetProperty("tied_weights").GetBoolean(),
            NumClasses = Of("num_classes"),
            IsDual = isDual,
            UsesClassToken = construct.Text("pooling_mode") == "CLS",
            DropRate = construct.GetProperty("dropout_prob").GetSingle(),
            AttentionDropRate = construct.GetProperty("attention_dropout").GetSingle(),
        };
    }

    // The seed of a shape is the number of its layer, and that of its draws.
    private static AttentionMechanism Mechanism(FixtureCase fixture, JsonElement construct, AttentionShape shape)
    {
        int Of(string name) => construct.GetProperty(name).GetInt32();
        return construct.Text("attn_type") switch
        {
            "softmax" => new SoftmaxAttention(shape),
            "kernelized" => new KernelizedAttention(shape),
            "pola" => Polarity(construct, shape),
            "linformer" => new LinformerAttention(shape, Of("linformer_k")),
            "nystrom" => SkyformerCases.Nystrom(shape, construct),
            "performer" => new WrappedMechanism("attn_fn", SkyformerCases.Performer(shape, construct), isMasked: true),
            "skyformer" => SkyformerCases.Skyformer(shape, construct, fixture.Floats($"aux.rand.{shape.Seed}")),
            "informer" => new WrappedMechanism("", SkyformerCases.Informer(shape, construct, fixture.Doubles($"aux.rand.{shape.Seed}")), isMasked: false),
            "bigbird" => SkyformerCases.BigBird(shape, construct, fixture),
            string other => throw new CapabilityMissingException($"{other} attention in a network of Long Range Arena is not compared here"),
            null => throw new InvalidDataException("The case names no attention."),
        };
    }

    private static PolarityAttention Polarity(JsonElement construct, AttentionShape shape)
    {
        int kernel = construct.Field("pola_kernel")?.GetInt32() ?? 0;
        var options = new PolarityOptions
        {
            HasPositions = construct.GetProperty("pola_positions").GetBoolean(),
            Gate = construct.Text("pola_gate") switch { "projected" => PolarityGate.Projected, "learned" => PolarityGate.Learned, _ => PolarityGate.Off },
            Mask = construct.Text("pola_mask") == "keys" ? PolarityMask.Keys : PolarityMask.None,
            Local = kernel > 0 ? PolarityLocal.Depthwise : PolarityLocal.Off,
        };
        return new PolarityAttention(shape, Math.Max(1, kernel), construct.GetProperty("pola_alpha").GetSingle(), options);
    }
}
