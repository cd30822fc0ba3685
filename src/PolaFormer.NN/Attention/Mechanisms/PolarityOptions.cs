namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>Parts of polarity attention that the paper's ablations (table 3, appendix A.4) take away or exchange; as published unless set.</summary>
public sealed record PolarityOptions
{
    /// <summary>Whether pairs of opposite signs count, in a stream of their own; without, negative parts are dropped: φ(x) = max(x, 0)ᵖ, one stream.</summary>
    public bool IsPolar { get; init; } = true;

    /// <summary>Whether a learned encoding of each position is added to the keys.</summary>
    public bool HasPositions { get; init; } = true;

    /// <summary>What multiplies the result.</summary>
    public PolarityGate Gate { get; init; } = PolarityGate.Projected;

    /// <summary>What a <see cref="PolarityGate.Learned"/> gate starts from.</summary>
    public PolarityGateStart GateStart { get; init; } = PolarityGateStart.Ones;

    /// <summary>What gives the result back the rank that a linear attention of few channels lacks, from the values.</summary>
    public PolarityLocal Local { get; init; } = PolarityLocal.Depthwise;
}
