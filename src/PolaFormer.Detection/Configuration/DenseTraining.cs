using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Configuration;

/// <summary>How anchors of a dense head are trained.</summary>
public sealed record DenseTraining
{
    /// <summary>What anchors stand for.</summary>
    public required MaxIoUAssigner Assigner { get; init; }

    /// <summary>Which are chosen; null for all.</summary>
    public RandomSampler? Sampler { get; init; }

    /// <summary>How far an anchor may reach over the image; negative for any.</summary>
    public int AllowedBorder { get; init; } = -1;
}
