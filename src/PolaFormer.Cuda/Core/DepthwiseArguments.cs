using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>The argument of the depthwise kernels, as depthwise.cu has it. Strides are elements from one pixel to the next.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DepthwiseArguments
{
    public nint X, DY, Addend, Gate;

    /// <summary>Floats: (kernels, height, width), and a bias a kernel or 0.</summary>
    public nint Weight, Bias;

    /// <summary>A factor of each pixel of x that the convolution reads, or 0.</summary>
    public nint Mask;

    /// <summary>The result, and what the gate multiplies or 0.</summary>
    public nint Y, Sum;

    internal nint Partial;

    public long XRow, DYRow, YRow, GateRow;
    internal readonly int Batch, Height, Width, OutHeight, OutWidth, Channels, Kernels, KernelHeight, KernelWidth;
    internal readonly int StrideH, StrideW, PadH, PadW, DilationH, DilationW;

    /// <summary>Whether x is added to the result, and backward ∂y: 1 or 0.</summary>
    public int AddInput;

    internal int Parts;

    /// <summary>Whether the weight gradient has a thread's taps in registers: 1 or 0.</summary>
    internal int IsQuick;

    /// <summary>The extents of a convolution of which channels take so many kernels in turns.</summary>
    public DepthwiseArguments(in ConvolutionShape shape, int kernels)
    {
        (Batch, Height, Width, OutHeight, OutWidth) = (shape.Batch, shape.Height, shape.Width, shape.OutHeight, shape.OutWidth);
        (Channels, Kernels, KernelHeight, KernelWidth) = (shape.InChannels, kernels, shape.KernelHeight, shape.KernelWidth);
        (StrideH, StrideW, PadH, PadW) = (shape.StrideH, shape.StrideW, shape.PadH, shape.PadW);
        (DilationH, DilationW) = (shape.DilationH, shape.DilationW);
        XRow = DYRow = YRow = GateRow = shape.InChannels;
    }

    internal readonly int Taps => KernelHeight * KernelWidth;
}
