using System.Text.Json.Serialization;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.Models;

/// <summary>Everything that tells one Pola-PVT from another. Lists hold one entry a stage.</summary>
public sealed record PolaPvtConfig
{
    /// <summary>Side of the image in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Width of the logits.</summary>
    public int NumClasses { get; init; } = 1000;

    /// <summary>Side of the first patches in pixels.</summary>
    public int PatchSize { get; init; } = 4;

    /// <summary>Channels.</summary>
    public IReadOnlyList<int> EmbedDims { get; init; } = [64, 128, 320, 512];

    /// <summary>Attention heads.</summary>
    public IReadOnlyList<int> NumHeads { get; init; } = [1, 2, 5, 8];

    /// <summary>Hidden width of the feed-forward part in channels.</summary>
    public IReadOnlyList<int> MlpRatios { get; init; } = [8, 8, 4, 4];

    /// <summary>Blocks.</summary>
    public IReadOnlyList<int> Depths { get; init; } = [2, 2, 2, 2];

    /// <summary>Spatial reduction of softmax attention (type S).</summary>
    public IReadOnlyList<int> SrRatios { get; init; } = [8, 4, 2, 1];

    /// <summary>Spatial reduction of polarity attention (type L).</summary>
    public IReadOnlyList<int> LaSrRatios { get; init; } = [1, 1, 1, 1];

    /// <summary>Attention of each stage: L (polarity) or S (softmax).</summary>
    public string AttnType { get; init; } = "LLLL";

    /// <summary>Whether the projections of attention have a bias.</summary>
    public bool QkvBias { get; init; } = true;

    /// <summary>Drop-path probability of the last block.</summary>
    public float DropPathRate { get; init; } = 0.1f;

    /// <summary>Chance that an element is dropped in training, after position encodings, attention's projection and both layers of the feed-forward part. No part of the shape.</summary>
    [JsonIgnore]
    public float DropRate { get; init; }

    /// <summary>Kernel of the depthwise convolution in polarity attention.</summary>
    public int KernelSize { get; init; } = 5;

    /// <summary>Exponents of polarity attention lie in (1, 1 + Alpha).</summary>
    public float Alpha { get; init; } = 4;

    /// <summary>Parts of polarity attention to leave out or exchange; the published form where null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PolarityOptions? Polarity { get; init; }

    /// <summary>Checks that the lists agree and the numbers are sane, before memory is taken for them.</summary>
    /// <exception cref="ArgumentException">They are not; the message names the entry.</exception>
    public void Validate()
    {
        int stages = Depths.Count;
        ShapeLimits.RequireModel(ImageSize, NumClasses, DropPathRate, Depths, NumHeads);
        ShapeLimits.Require(DropRate, 0, 0.99f);
        ShapeLimits.Require(PatchSize, 1, ImageSize);
        ShapeLimits.Require(KernelSize, 1, 63);
        ShapeLimits.RequireEach(EmbedDims, stages, 1, ShapeLimits.Channels);
        ShapeLimits.RequireEach(MlpRatios, stages, 1, ShapeLimits.Ratio);
        ShapeLimits.RequireEach(SrRatios, stages, 1, ImageSize);
        ShapeLimits.RequireEach(LaSrRatios, stages, 1, ImageSize);
        ShapeLimits.Require(AttnType.Length, stages, stages, "The number of letters of AttnType");
        for (int i = 0; i < stages; i++)
            ShapeLimits.RequireHeads(i, EmbedDims[i], NumHeads[i], AttnType[i] == 'L' ? 2 : 1);
    }
}
