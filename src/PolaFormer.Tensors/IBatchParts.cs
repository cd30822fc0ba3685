namespace PolaFormer.Tensors;

/// <summary>One of several parts of a batch that are computed apart and normalised together (<see cref="Tensor.BatchNormOfParts"/>).</summary>
public interface IBatchParts
{
    /// <summary>Whether this part moves running statistics: one does of those that share a network's memory.</summary>
    bool MovesStatistics { get; }

    /// <summary>Replaces values by their sums over all parts. Every part calls it as often, with as many values each time.</summary>
    void AddUp(Span<double> values);
}
