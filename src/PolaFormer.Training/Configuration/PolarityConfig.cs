namespace PolaFormer.Training.Configuration;

/// <summary>MODEL.POLA: polarity attention without some of its parts, or with others, as in the paper's ablations; what is not set is as the network is published. ALPHA and KERNEL_SIZE are those of LA.</summary>
public sealed class PolarityConfig
{
    /// <summary>POLARITY: whether pairs of opposite signs count, in a stream of their own; false drops negative parts.</summary>
    public bool? Polarity { get; set; }

    /// <summary>POSITIONS: whether the keys get a learned encoding of their positions.</summary>
    public bool? Positions { get; set; }

    /// <summary>GATE: <c>projected</c> from the tokens, <c>learned</c> (one coefficient for each token and channel) or <c>off</c>.</summary>
    public string? Gate { get; set; }

    /// <summary>GATE_START: what a learned gate starts from: <c>ones</c>, <c>zeros</c>, <c>normal</c>, <c>kaiming_uniform</c> or <c>uniform</c> (in [0, 1)).</summary>
    public string? GateStart { get; set; }

    /// <summary>LOCAL: the convolution of the values: <c>depthwise</c>, <c>deformable</c> or <c>off</c>.</summary>
    public string? Local { get; set; }
}
