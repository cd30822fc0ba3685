using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Attention;

/// <summary>The argument of the kernels of PolaFormer++'s attention, as polarity_pp.h has it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PolarityPlusPlusArguments
{
    public RowsOnDevice Q, K, V, Out, DOut, DQ, DK, DV;
    public nint Same, Opposite, Sin, Cos, State, Partial, SameSums, OppositeSums, DSame, DOpposite;
    public int Batch, Heads, HeadDim, Tokens, Chunks, ChunkTokens, Wide;
}
