namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>Starts of a learned gate G (N, C): the five of the paper's appendix A.4.</summary>
public enum PolarityGateStart
{
    /// <summary>1 everywhere: as without a gate.</summary>
    Ones,

    /// <summary>0 everywhere: the layer starts as nothing.</summary>
    Zeros,

    /// <summary>Normal around 0 with standard deviation 1.</summary>
    Normal,

    /// <summary>Uniform in ±√(6/C).</summary>
    KaimingUniform,

    /// <summary>Uniform in [0, 1).</summary>
    Uniform,
}
