namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>Starts of a learned gate G (N, C). The choice and its names are ours; each is what PyTorch's initialiser of that name gives.</summary>
public enum PolarityGateStart
{
    /// <summary>1 everywhere: as without a gate.</summary>
    Ones,

    /// <summary>0 everywhere: the layer starts as nothing.</summary>
    Zeros,

    /// <summary>Normal of standard deviation 1.</summary>
    Normal,

    /// <summary>Uniform in ±√(6/C).</summary>
    KaimingUniform,

    /// <summary>Uniform in ±√(6/(N + C)).</summary>
    XavierUniform,
}
