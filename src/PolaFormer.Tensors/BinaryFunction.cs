namespace PolaFormer.Tensors;

/// <summary>Functions of two values that are applied with broadcasting.</summary>
public enum BinaryFunction
{
    /// <summary>a + b.</summary>
    Add,

    /// <summary>a − b.</summary>
    Subtract,

    /// <summary>a·b.</summary>
    Multiply,

    /// <summary>a / b.</summary>
    Divide,

    /// <summary>The larger value; NaN where either is NaN.</summary>
    Maximum,

    /// <summary>The smaller value; NaN where either is NaN.</summary>
    Minimum,

    /// <summary>a^b as torch has it: any a with an integral b, NaN for negative a else; a^0 = 1.</summary>
    Pow,

    /// <summary>∂(a^b)/∂a = b·a^(b−1), and 0 where b = 0. At a = 0: 0 for b > 1, 1 for b = 1, ∞ for b below 1.</summary>
    PowGradientBase,

    /// <summary>∂(a^b)/∂b = a^b·ln a, and 0 where a = 0 and b ≥ 0. NaN for negative a.</summary>
    PowGradientExponent,
}
