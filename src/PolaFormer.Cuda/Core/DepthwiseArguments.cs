using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>The argument of the depthwise kernels, as depthwise.cu has it. Strides are elements from one pixel to the next.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DepthwiseArguments
{
    public nint X, DY, Addend, Gate;

    /// <summary>Floats: (kernels, size, size), and a bias a kernel or 0.</summary>
    public nint Weight, Bias;

    /// <summary>The result, and what the gate multiplies or 0.</summary>
    public nint Y, Sum;

    internal nint Partial;

    public long XRow, DYRow, YRow, GateRow;
    public int Batch, Height, Width, Channels, Kernels, Size, AddInput;

    internal int Parts;
}
