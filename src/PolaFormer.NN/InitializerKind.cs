namespace PolaFormer.NN;

/// <summary>Families of initial distributions.</summary>
public enum InitializerKind
{
    /// <summary>One value everywhere.</summary>
    Constant,

    /// <summary>Gaussian around 0.</summary>
    Normal,

    /// <summary>Uniform, symmetric around 0.</summary>
    Uniform,

    /// <summary>Uniform from 0.</summary>
    PositiveUniform,
}
