using PolaFormer.Detection.Losses;
using PolaFormer.Tensors;

namespace PolaFormer.Detection.Configuration;

/// <summary>How boxes are compared in training.</summary>
public sealed record BoxLoss
{
    /// <summary>Below this difference the loss is quadratic; 0 for L1.</summary>
    public float Beta { get; init; }

    /// <summary>Whether the loss is 1 − GIoU of decoded boxes; else of the deltas.</summary>
    public bool IsGeneralizedOverlap { get; init; }

    /// <summary>Factor of the loss.</summary>
    public float Weight { get; init; } = 1;

    /// <summary>The loss of rows (n, 4), divided.</summary>
    /// <param name="predictions">(n, 4).</param>
    /// <param name="targets">(n, 4).</param>
    /// <param name="weights">(n) or (n, 4); null for ones.</param>
    /// <param name="divisor">What the sum is divided by.</param>
    public Tensor Of(Tensor predictions, Tensor targets, Tensor? weights, float divisor)
    {
        if (!IsGeneralizedOverlap)
            return LossAverage.Of(predictions.SmoothL1(targets, Beta), weights is { Rank: 1 } ? weights.Reshape(-1, 1) : weights, divisor) * Weight;
        Tensor loss = (predictions.PairedBoxOverlaps(targets, OverlapMode.Generalized) * -1) + 1;
        return LossAverage.Of(loss, weights is { Rank: 2 } ? weights.Mean(1) : weights, divisor) * Weight;
    }
}
