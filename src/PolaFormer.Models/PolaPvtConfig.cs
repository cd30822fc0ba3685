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

    /// <summary>Kernel of the depthwise convolution in polarity attention.</summary>
    public int KernelSize { get; init; } = 5;

    /// <summary>Exponents of polarity attention lie in (1, 1 + Alpha).</summary>
    public float Alpha { get; init; } = 4;
}
