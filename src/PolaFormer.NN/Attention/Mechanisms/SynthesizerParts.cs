namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>What the scores of a <see cref="FactorizedSynthesizer"/> are the sum of.</summary>
[Flags]
public enum SynthesizerParts
{
    /// <summary>A learned matrix a head, the same for every input.</summary>
    Random = 1,

    /// <summary>Computed from each query alone.</summary>
    Dense = 2,
}
