namespace PolaFormer.Tensors.Kernels;

/// <summary>The function applied to every element of a matrix product, after the bias.</summary>
internal enum GemmActivation
{
    /// <summary>The element itself.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x·Φ(x) with the exact normal distribution function (erf).</summary>
    Gelu,
}
