using System.Text.Json.Serialization;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.Models;

/// <summary>What the configurations of PVT, Swin and DeiT have in common beyond those of every network.</summary>
public abstract record TransformerConfig : VisionModelConfig
{
    /// <summary>Whether the projections of attention have a bias.</summary>
    public bool QkvBias { get; init; } = true;

    /// <summary>Chance that an element is dropped in training, after position encodings, attention's projection and both layers of the feed-forward part. No part of the shape.</summary>
    [JsonIgnore]
    public float DropRate { get; init; }

    /// <summary>Kernel of the depthwise convolution in polarity and focused attention.</summary>
    public int KernelSize { get; init; } = 5;

    /// <summary>Exponents of polarity attention lie in (1, 1 + Alpha).</summary>
    public float Alpha { get; init; } = 4;

    /// <summary>Parts of polarity attention to leave out or exchange; the published form where null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PolarityOptions? Polarity { get; init; }

    /// <summary>The parts of polarity attention that the family is published with.</summary>
    [JsonIgnore]
    public virtual PolarityOptions PublishedPolarity => new();

    /// <summary>Exponent of focused attention; 0 for FLatten's 3.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public float FocusingFactor { get; init; }

    /// <inheritdoc/>
    protected override AttentionOptions AttentionDefaults => (Polarity ?? PublishedPolarity).With(KernelSize, Alpha, FocusingFactor == 0 ? 3 : FocusingFactor);

    /// <summary>Checks what is common.</summary>
    /// <exception cref="ArgumentException">A number is not sane; the message names the entry.</exception>
    protected void RequireTransformer(IReadOnlyList<int> depths, IReadOnlyList<int> numHeads)
    {
        ShapeLimits.RequireModel(ImageSize, NumClasses, DropPathRate, depths, numHeads);
        ShapeLimits.Require(DropRate, 0, 0.99f);
        ShapeLimits.Require(KernelSize, 1, 63);
        ShapeLimits.Require(FocusingFactor, 0, 64);
    }
}
