using System.Runtime.InteropServices;
using PolaFormer.Cuda.Core;

namespace PolaFormer.Cuda.Attention;

/// <summary>The argument of the kernels of softmax attention, as softmax_attention.cu has it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SoftmaxArguments
{
    public RowsOnDevice Q, K, V, Out, DOut, DQ, DK, DV;

    /// <summary>Floats: heads × queries × keys, and groups × (queries or 1) × keys; or 0.</summary>
    public nint Bias, Mask;

    /// <summary><see cref="SoftmaxKernels.StateFloats"/>: written forward, read backward.</summary>
    public nint State;

    internal nint Delta;

    /// <summary>∂bias, or 0.</summary>
    public nint DBias;

    public int Batch, Heads, HeadDim, Queries, Keys, MaskGroups, MaskRows;
    public float Scale, Drop;

    /// <summary>Which weights are dropped, by the chance <see cref="Drop"/>.</summary>
    public GeneratorOnDevice Generator;
}
