namespace PolaFormer.Tensors;

/// <summary>The function that a layer applies to its result, in the same pass where nothing is recorded.</summary>
public enum Activation
{
    /// <summary>The result itself.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x·Φ(x) with the exact normal distribution function (erf).</summary>
    Gelu,

    /// <summary>x·sigmoid(x).</summary>
    Silu,
}
