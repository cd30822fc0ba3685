using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>The argument of the deformable kernels, as deformable.cu has it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeformableArguments
{
    public nint X, Offsets, Weight, Bias, DY, Y, DOffsets;

    internal nint Partial;

    /// <summary>Floats from one pixel of x to the next.</summary>
    public long XRow;

    /// <summary>Size is the side of the kernel.</summary>
    public int Batch, Height, Width, Channels, Kernels, Size;

    internal int Parts;
}
