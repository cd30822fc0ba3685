namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Extents of a depthwise convolution: channel c of the output is channel c of the input convolved with kernel
/// c mod <see cref="WeightChannels"/>.
/// </summary>
internal unsafe struct DepthwiseShape
{
    /// <summary>The convolution; its Groups, InChannels and OutChannels are the number of channels.</summary>
    public ConvolutionShape Convolution;

    /// <summary>Kernels; as many as channels, or fewer that the heads share.</summary>
    public int WeightChannels;

    /// <summary>Floats between consecutive pixels of x and of dx: the channels, or the width of a buffer they are a slice of.</summary>
    public nint InputStride;

    /// <summary>Null, or a factor of each pixel of x, for images of one line: sequences with padding.</summary>
    public float* Mask;

    /// <summary>A kernel for each channel of contiguous images.</summary>
    public DepthwiseShape(in ConvolutionShape convolution)
    {
        Convolution = convolution;
        WeightChannels = convolution.InChannels;
        InputStride = convolution.InChannels;
    }

    public readonly int Channels => Convolution.InChannels;

    public readonly int Taps => Convolution.KernelHeight * Convolution.KernelWidth;

    /// <summary>Output lines of the whole batch.</summary>
    public readonly int OutLines => checked(Convolution.Batch * Convolution.OutHeight);

    /// <summary>Input lines of the whole batch.</summary>
    public readonly int InLines => checked(Convolution.Batch * Convolution.Height);

    /// <summary>Parts for work on all lines, by multiply-adds.</summary>
    public readonly int Parts => Threading.Workers.PartsFor((long)OutLines * Convolution.OutWidth * Channels * Taps, 400_000);

    /// <summary>Whether <paramref name="convolution"/> has one input channel and one output channel a group.</summary>
    public static bool Fits(in ConvolutionShape convolution) =>
        convolution.Groups == convolution.InChannels && convolution.Groups == convolution.OutChannels;
}
