namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>What polarity attention over a sequence makes of padding.</summary>
public enum PolarityMask
{
    /// <summary>Padding is no key and has no value, neither to the attention nor to the convolution.</summary>
    Keys,

    /// <summary>Padding is treated as tokens, as by the authors' class, which has no mask.</summary>
    None,
}
