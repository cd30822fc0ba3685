namespace PolaFormer.Tensors;

/// <summary>Functions that are applied to every element of a tensor; formulas, derivatives and limits are given at their kernels.</summary>
public enum UnaryFunction
{
    /// <summary>−x.</summary>
    Negate,

    /// <summary>|x|.</summary>
    Abs,

    /// <summary>eˣ.</summary>
    Exp,

    /// <summary>eˣ − 1, computed in two steps.</summary>
    ExpMinusOneAsWritten,

    /// <summary>Natural logarithm.</summary>
    Log,

    /// <summary>Square root.</summary>
    Sqrt,

    /// <summary>1 / √x.</summary>
    Rsqrt,

    /// <summary>1 / x.</summary>
    Reciprocal,

    /// <summary>x².</summary>
    Square,

    /// <summary>Sine.</summary>
    Sin,

    /// <summary>Cosine.</summary>
    Cos,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    Sigmoid,

    /// <summary>ln(1 + eˣ), x itself above 20.</summary>
    Softplus,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x·Φ(x), erf form.</summary>
    Gelu,

    /// <summary>x·sigmoid(x).</summary>
    Silu,

    /// <summary>x above 0, else eˣ − 1.</summary>
    Elu,

    /// <summary>Error function.</summary>
    Erf,
}
