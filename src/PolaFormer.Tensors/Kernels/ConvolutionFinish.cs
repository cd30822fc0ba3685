namespace PolaFormer.Tensors.Kernels;

/// <summary>What a convolution does to its sums before it stores them: y = act(sum + Bias + Addend).</summary>
internal unsafe struct ConvolutionFinish
{
    /// <summary>Null, or a value for each output channel.</summary>
    public float* Bias;

    /// <summary>Null, or images laid out as the output.</summary>
    public float* Addend;
    public Activation Activation;

    /// <summary>The same for outputs so many floats, and their channels so many, further on.</summary>
    public readonly ConvolutionFinish At(nint output, int channel = 0)
    {
        ConvolutionFinish part = this;
        if (Bias != null)
            part.Bias += channel;
        if (Addend != null)
            part.Addend += output + channel;
        return part;
    }

    /// <summary>A product that ends so.</summary>
    public readonly MatrixProduct Of(in MatrixProduct product) => product with { Bias = Bias, Addend = Addend, Activation = Activation };
}
