namespace PolaFormer.Models;

/// <summary>Everything that tells one PolaFormer++ from another. Any image size works: positions are rotary. Lists hold one entry a stage.</summary>
public sealed record PolaFormerPlusPlusConfig : VisionModelConfig
{
    /// <summary>Channels.</summary>
    public IReadOnlyList<int> EmbedDims { get; init; } = [32, 64, 128, 384];

    /// <summary>Blocks.</summary>
    public IReadOnlyList<int> Depths { get; init; } = [2, 2, 2, 2];

    /// <summary>Attention heads.</summary>
    public IReadOnlyList<int> NumHeads { get; init; } = [1, 2, 4, 12];

    /// <summary>Hidden width of the feed-forward part in channels.</summary>
    public IReadOnlyList<float> MlpRatios { get; init; } = [3.5f, 3.5f, 3.5f, 3.5f];

    /// <summary>Attention of every block of each stage where <see cref="VisionModelConfig.Attention"/> names none: l (polarity, linear), v (softmax), r (ReLU, linear) or f (focused, linear). One letter holds for the whole stage.</summary>
    public IReadOnlyList<string> Flags { get; init; } = ["l", "l", "v", "v"];

    /// <summary>Whether the branches of the blocks are scaled by learned vectors.</summary>
    public IReadOnlyList<bool> LayerScales { get; init; } = [true, true, true, true];

    /// <summary>Where the scaling vectors start.</summary>
    public IReadOnlyList<float> LayerInitValues { get; init; } = [1, 1, 1, 1];

    /// <summary>Channels before the classifier.</summary>
    public int Projection { get; init; } = 2048;

    /// <summary>Resolution halvings in the stem: 2 as published, 1 or 0 for small images.</summary>
    public int StemReductions { get; init; } = 2;

    /// <summary>Side of the grid of tokens of a stage: every reduction rounds up.</summary>
    public int Side(int stage) => Enumerable.Range(0, StemReductions + stage).Aggregate(ImageSize, (side, _) => (side + 1) / 2);

    /// <summary>Registered name of the attention of every block of a stage.</summary>
    /// <exception cref="ArgumentException">A flag is unknown.</exception>
    public string[] AttentionOf(int stage)
    {
        if (NamedAttention(stage) is { } name)
            return [.. Enumerable.Repeat(name, Depths[stage])];
        string flags = Flags[stage].Length == 1 ? new string(Flags[stage][0], Depths[stage]) : Flags[stage];
        return [.. flags.Select(AttentionOf)];
    }

    /// <summary>The attention that a letter of <see cref="Flags"/> stands for.</summary>
    /// <exception cref="ArgumentException">The letter is unknown.</exception>
    public static string AttentionOf(char flag) => flag switch
    {
        'l' => "polarity++",
        'v' => "softmax",
        'r' => "relu",
        'f' => "focused",
        _ => throw new ArgumentException($"Attention flag '{flag}' is none of l (polarity), v (softmax), r (ReLU) and f (focused)."),
    };

    /// <inheritdoc/>
    public override PolaFormerPlusPlus Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        int stages = Depths.Count;
        ShapeLimits.RequireModel(ImageSize, NumClasses, DropPathRate, Depths, NumHeads);
        ShapeLimits.Require(Projection, 1, ShapeLimits.Channels);
        ShapeLimits.Require(StemReductions, 0, 2);
        ShapeLimits.RequireEach(EmbedDims, stages, 4, ShapeLimits.Channels);
        ShapeLimits.RequireEach(MlpRatios, stages, 0.25f, ShapeLimits.Ratio);
        ShapeLimits.RequireCount(LayerScales, stages);
        ShapeLimits.RequireCount(LayerInitValues, stages);
        ShapeLimits.RequireCount(Flags, stages);
        RequireAttention(stages);
        for (int i = 0; i < stages; i++)
        {
            ShapeLimits.RequireHeads(i, EmbedDims[i], NumHeads[i], 4);
            if (Flags[i] is null || (Flags[i].Length != 1 && Flags[i].Length != Depths[i]))
                throw new ArgumentException($"Flags of stage {i + 1}: give one letter, or one for each of its {Depths[i]} blocks.");
        }
    }
}
