namespace PolaFormer.Tensors;

/// <summary>What a pooling operator takes of a window.</summary>
public enum PoolFunction
{
    /// <summary>The mean over windows that tile the image evenly for a given output size.</summary>
    AdaptiveAverage,

    /// <summary>The mean over a window of fixed size.</summary>
    Average,

    /// <summary>The largest value of a window of fixed size.</summary>
    Max,
}
