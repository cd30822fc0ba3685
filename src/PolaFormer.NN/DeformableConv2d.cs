using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>
/// Depthwise convolution whose taps are moved by learned offsets (Dai et al., Deformable convolutional networks, ICCV 2017,
/// https://arxiv.org/abs/1703.06211): (B, H, W, C) → the same. A convolution of the same kernel predicts the offsets; it starts
/// at zero, so the layer starts as a <see cref="DepthwiseConv2d"/>.
/// </summary>
public sealed class DeformableConv2d : Module
{
    private readonly Parameter _weight, _bias;
    private readonly Conv2d _offset;

    /// <summary>Makes the layer.</summary>
    /// <param name="dim">Channels C of the image.</param>
    /// <param name="channels">Kernels; as many as channels, or a divisor of them, which serves them in turns.</param>
    /// <param name="kernelSize">Side of the kernel, odd.</param>
    public DeformableConv2d(int dim, int channels, int kernelSize)
    {
        Initializer fanIn = Initializer.UniformFanIn(kernelSize * kernelSize);
        _weight = AddParameter("weight", [channels, 1, kernelSize, kernelSize], fanIn);
        _bias = AddParameter("bias", [channels], fanIn);
        _offset = AddChild("offset", new Conv2d(dim, 2 * kernelSize * kernelSize, kernelSize, padding: kernelSize / 2, initialization: (Initializer.Zeros, Initializer.Zeros)));
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Tensor.DeformableConv2d(x, _offset.Forward(x), _weight, _bias);
}
