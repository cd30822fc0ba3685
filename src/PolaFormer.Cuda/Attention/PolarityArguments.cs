using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Attention;

/// <summary>The argument of the polarity kernels, as polarity.h has it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PolarityArguments
{
    public RowsOnDevice Q, K, V, Position, Out, DOut, DQ, DK, DV;

    /// <summary>Floats, keys for each image: 0 for those that are left out; or 0.</summary>
    public nint Mask;

    public nint InverseScale, Power, State, Partial, QuerySums, KeySums, DInverseScale, DPower;
    public int Batch, Heads, HeadDim, Queries, Keys, QueryChunks, KeyChunks, ChunkTokens, Wide;
}
