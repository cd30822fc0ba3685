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

    /// <summary>What becomes of padding in a sequence; grids have none.</summary>
    public PolarityMask Mask { get; init; } = PolarityMask.Keys;

    /// <summary>Tokens of a row where a sequence is an image read row by row, so that the convolution is one of the plane; 0 where it runs along the sequence.</summary>
    public int RowLength { get; init; }

    /// <summary>These parts as options behind the mechanism's name.</summary>
    internal static IReadOnlyList<AttentionOption> Declared { get; } =
    [
        AttentionOption.Flag("polar", true),
        AttentionOption.Flag("positions", true),
        AttentionOption.Choice("gate", PolarityGate.Projected),
        AttentionOption.Choice("gate_start", PolarityGateStart.Ones),
        AttentionOption.Choice("local", PolarityLocal.Depthwise),
        AttentionOption.Choice("mask", PolarityMask.Keys),
        AttentionOption.Integer("row", 0, 0, 4096),
    ];

    /// <summary>The parts that options give.</summary>
    internal static PolarityOptions Of(AttentionOptions options) => new()
    {
        IsPolar = options.Get<bool>("polar"),
        HasPositions = options.Get<bool>("positions"),
        Gate = options.Get<PolarityGate>("gate"),
        GateStart = options.Get<PolarityGateStart>("gate_start"),
        Local = options.Get<PolarityLocal>("local"),
        Mask = options.Get<PolarityMask>("mask"),
        RowLength = options.Get<int>("row"),
    };

    /// <summary>What a host's configuration has for the options of linear attentions.</summary>
    /// <param name="kernelSize">Side of the convolutions' kernels.</param>
    /// <param name="alpha">Exponents of polarity attention lie in (1, 1 + alpha).</param>
    /// <param name="focusingFactor">Exponent of focused attention.</param>
    public AttentionOptions With(int kernelSize, float alpha, float focusingFactor) => new()
    {
        ["kernel"] = kernelSize,
        ["alpha"] = alpha,
        ["factor"] = focusingFactor,
        ["polar"] = IsPolar,
        ["positions"] = HasPositions,
        ["gate"] = Gate,
        ["gate_start"] = GateStart,
        ["local"] = Local,
    };
}
