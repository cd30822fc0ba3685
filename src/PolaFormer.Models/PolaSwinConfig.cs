using System.Text.Json.Serialization;

using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.Models;

/// <summary>Everything that tells one Swin from another: the original, Pola-Swin, FLatten-Swin. Lists hold one entry a stage.</summary>
public sealed record PolaSwinConfig : TransformerConfig
{
    /// <summary>Side of the first patches in pixels.</summary>
    public int PatchSize { get; init; } = 4;

    /// <summary>Channels of the first stage; each later stage doubles them.</summary>
    public int EmbedDim { get; init; } = 96;

    /// <summary>Blocks.</summary>
    public IReadOnlyList<int> Depths { get; init; } = [2, 2, 6, 2];

    /// <summary>Attention heads.</summary>
    public IReadOnlyList<int> NumHeads { get; init; } = [3, 6, 12, 24];

    /// <summary>Window of attention in tokens, but for that of softmax blocks.</summary>
    public int WindowSize { get; init; } = 56;

    /// <summary>Window of softmax blocks in tokens; 0 for PolaFormer's: 7, or 12 where <see cref="WindowSize"/> is above 56.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int SoftmaxWindowSize { get; init; }

    /// <summary>Hidden width of the feed-forward part in channels.</summary>
    public float MlpRatio { get; init; } = 4;

    /// <summary>Attention of each stage where <see cref="VisionModelConfig.Attention"/> names none: L (polarity), S (softmax with relative positions), or Mk: the first k blocks L, the others S.</summary>
    public string AttnType { get; init; } = "LLSS";

    /// <summary>Whether a learned vector is added to each of the first patches; the published models have none.</summary>
    public bool AbsolutePosition { get; init; }

    /// <summary>Whether the first patches pass a layer norm.</summary>
    public bool PatchNorm { get; init; } = true;

    /// <summary>Window of a block whose attention has the given name.</summary>
    public int WindowOf(string attention) => attention != "window" ? WindowSize : SoftmaxWindowSize > 0 ? SoftmaxWindowSize : WindowSize <= 56 ? 7 : 12;

    /// <summary>Registered name of the attention of every block of a stage.</summary>
    /// <exception cref="ArgumentException"><see cref="AttnType"/> does not describe every stage.</exception>
    public string[] AttentionOf(int stage)
    {
        if (NamedAttention(stage) is { } name)
            return [.. Enumerable.Repeat(name, Depths[stage])];
        int position = 0;
        for (int i = 0; position < AttnType.Length; i++)
        {
            char type = AttnType[position++];
            int digits = position;
            while (type == 'M' && position < AttnType.Length && char.IsAsciiDigit(AttnType[position]))
                position++;
            if (type is not ('L' or 'S' or 'M') || (type == 'M' && digits == position))
                break;
            if (i < stage)
                continue;
            int polarity = type switch { 'L' => Depths[stage], 'S' => 0, _ => int.TryParse(AttnType.AsSpan(digits, position - digits), out int blocks) ? blocks : Depths[stage] };
            return [.. Enumerable.Range(0, Depths[stage]).Select(block => block < polarity ? "polarity" : "window")];
        }

        throw new ArgumentException($"Attention types '{AttnType}' do not describe stage {stage + 1}: give L, S or M with a number of blocks for each of the {Depths.Count} stages.");
    }

    /// <inheritdoc/>
    public override AttentionMechanism Mechanism(string name, AttentionShape shape) =>
        name == "window" ? new WindowSoftmaxAttention(shape, shape.Height) : base.Mechanism(name, shape);

    /// <inheritdoc/>
    public override PolaSwin Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        int stages = Depths.Count;
        RequireTransformer(Depths, NumHeads);
        ShapeLimits.Require(PatchSize, 1, ImageSize);
        ShapeLimits.Require(WindowSize, 1, ShapeLimits.ImageSize);
        ShapeLimits.Require(SoftmaxWindowSize, 0, ShapeLimits.ImageSize);
        ShapeLimits.Require(EmbedDim, 1, ShapeLimits.Channels >> (stages - 1));
        ShapeLimits.Require(MlpRatio, 0.25f, ShapeLimits.Ratio);
        RequireAttention(stages);
        for (int i = 0; i < stages; i++)
            ShapeLimits.RequireHeads(i, EmbedDim << i, NumHeads[i]);
    }
}
