using System.Text.Json.Serialization;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.Models;

/// <summary>Everything that tells one Pola-Swin from another. Lists hold one entry a stage.</summary>
public sealed record PolaSwinConfig
{
    /// <summary>Side of the image in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Width of the logits.</summary>
    public int NumClasses { get; init; } = 1000;

    /// <summary>Side of the first patches in pixels.</summary>
    public int PatchSize { get; init; } = 4;

    /// <summary>Channels of the first stage; each later stage doubles them.</summary>
    public int EmbedDim { get; init; } = 96;

    /// <summary>Blocks.</summary>
    public IReadOnlyList<int> Depths { get; init; } = [2, 2, 6, 2];

    /// <summary>Attention heads.</summary>
    public IReadOnlyList<int> NumHeads { get; init; } = [3, 6, 12, 24];

    /// <summary>Window of polarity attention in tokens; softmax blocks take 7, or 12 when this is above 56.</summary>
    public int WindowSize { get; init; } = 56;

    /// <summary>Hidden width of the feed-forward part in channels.</summary>
    public float MlpRatio { get; init; } = 4;

    /// <summary>Attention of each stage: L (polarity), S (softmax), or Mk: the first k blocks L, the others S.</summary>
    public string AttnType { get; init; } = "LLSS";

    /// <summary>Whether a learned vector is added to each of the first patches; the published models have none.</summary>
    public bool AbsolutePosition { get; init; }

    /// <summary>Whether the first patches pass a layer norm.</summary>
    public bool PatchNorm { get; init; } = true;

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

    /// <summary>Window of a block whose attention is of the given type.</summary>
    public int WindowOf(char attention) => attention == 'L' ? WindowSize : WindowSize <= 56 ? 7 : 12;

    /// <summary>Attention type (L or S) of every block of a stage.</summary>
    /// <exception cref="ArgumentException"><see cref="AttnType"/> does not describe every stage.</exception>
    public char[] BlockTypes(int stage)
    {
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
            return [.. Enumerable.Range(0, Depths[stage]).Select(block => block < polarity ? 'L' : 'S')];
        }

        throw new ArgumentException($"Attention types '{AttnType}' do not describe stage {stage + 1}: give L, S or M with a number of blocks for each of the {Depths.Count} stages.");
    }

    /// <summary>Checks that the lists agree and the numbers are sane, before memory is taken for them.</summary>
    /// <exception cref="ArgumentException">They are not; the message names the entry.</exception>
    public void Validate()
    {
        int stages = Depths.Count;
        ShapeLimits.RequireModel(ImageSize, NumClasses, DropPathRate, Depths, NumHeads);
        ShapeLimits.Require(DropRate, 0, 0.99f);
        ShapeLimits.Require(PatchSize, 1, ImageSize);
        ShapeLimits.Require(WindowSize, 1, ShapeLimits.ImageSize);
        ShapeLimits.Require(KernelSize, 1, 63);
        ShapeLimits.Require(EmbedDim, 1, ShapeLimits.Channels >> (stages - 1));
        ShapeLimits.Require(MlpRatio, 0.25f, ShapeLimits.Ratio);
        for (int i = 0; i < stages; i++)
            ShapeLimits.RequireHeads(i, EmbedDim << i, NumHeads[i], BlockTypes(i).Contains('L') ? 2 : 1);
    }
}
