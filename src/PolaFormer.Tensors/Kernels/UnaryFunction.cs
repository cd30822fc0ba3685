namespace PolaFormer.Tensors.Kernels;

/// <summary>Functions of one value that <see cref="Elementwise"/> maps over an array; formulas, gradients and limits stand at their operators.</summary>
internal enum UnaryFunction
{
    Negate,
    Abs,
    Exp,
    ExpMinusOneAsWritten,
    Log,
    Sqrt,
    Rsqrt,
    Reciprocal,
    Square,
    Sin,
    Cos,
    Tanh,
    Sigmoid,
    Softplus,
    Relu,
    Gelu,
    Silu,
    Elu,
    Erf,
}
