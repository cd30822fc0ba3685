namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>The local branch of polarity attention, a convolution of the values.</summary>
public enum PolarityLocal
{
    /// <summary>Depthwise, one kernel shared by the heads: the published form.</summary>
    Depthwise,

    /// <summary>Depthwise with learned offsets of its taps, table 3's DCN.</summary>
    Deformable,

    /// <summary>None.</summary>
    Off,
}
