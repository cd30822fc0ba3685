namespace PolaFormer.Tensors;

/// <summary>Extents of a 2-D convolution of channels-last images, in pixels and channels.</summary>
public struct ConvolutionShape
{
    /// <summary>Images.</summary>
    public int Batch;

    /// <summary>Input height.</summary>
    public int Height;

    /// <summary>Input width.</summary>
    public int Width;

    /// <summary>Input channels.</summary>
    public int InChannels;

    /// <summary>Output channels.</summary>
    public int OutChannels;

    /// <summary>Rows of the kernel.</summary>
    public int KernelHeight;

    /// <summary>Columns of the kernel.</summary>
    public int KernelWidth;

    /// <summary>Rows between outputs.</summary>
    public int StrideH;

    /// <summary>Columns between outputs.</summary>
    public int StrideW;

    /// <summary>Rows of zeros above and below.</summary>
    public int PadH;

    /// <summary>Columns of zeros left and right.</summary>
    public int PadW;

    /// <summary>Rows between taps.</summary>
    public int DilationH;

    /// <summary>Columns between taps.</summary>
    public int DilationW;

    /// <summary>Independent channel groups.</summary>
    public int Groups;

    /// <summary>Output height.</summary>
    public readonly int OutHeight => ((Height + (2 * PadH) - (DilationH * (KernelHeight - 1)) - 1) / StrideH) + 1;

    /// <summary>Output width.</summary>
    public readonly int OutWidth => ((Width + (2 * PadW) - (DilationW * (KernelWidth - 1)) - 1) / StrideW) + 1;
}
