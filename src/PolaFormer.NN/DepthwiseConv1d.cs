using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>
/// One kernel of k taps a channel along a sequence, length kept: (B, N, C) → the same. A layer of fewer channels than its input
/// serves it in turns, as the convolution that PolaFormer's heads share.
/// </summary>
public sealed class DepthwiseConv1d : Module
{
    private readonly Parameter _weight, _bias;

    /// <summary>Makes the layer; it starts from PyTorch's uniform default.</summary>
    /// <param name="channels">Kernels.</param>
    /// <param name="kernelSize">Taps, an odd number.</param>
    public DepthwiseConv1d(int channels, int kernelSize)
    {
        _weight = AddParameter("weight", [channels, 1, kernelSize], Initializer.UniformFanIn(kernelSize));
        _bias = AddParameter("bias", [channels], Initializer.UniformFanIn(kernelSize));
    }

    /// <summary>Applies the layer to columns of a joint projection.</summary>
    /// <param name="x">(B, N, …).</param>
    /// <param name="mask">(B, N): 0 for a token that counts as zeros, else 1; null where all count.</param>
    public Tensor Forward(Columns x, Tensor? mask) => Call((Layer: this, X: x, Mask: mask), static pass => pass.Layer.Convolve(pass.X, pass.Mask), x.Source, mask);

    /// <summary>(Forward(x, mask) + addend)·gate.</summary>
    public Tensor ForwardGated(Columns x, Tensor? mask, Tensor addend, Columns gate) => Call(
        (Layer: this, X: x, Mask: mask, Addend: addend, Gate: gate),
        static pass => Tensor.GatedDepthwiseConv1d(pass.X, pass.Layer._weight, pass.Layer._bias, pass.Addend, pass.Gate, pass.Mask),
        x.Source,
        mask,
        addend,
        gate.Source);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Convolve(x, mask: null);

    private Tensor Convolve(Columns x, Tensor? mask) => Tensor.DepthwiseConv1d(x, _weight, _bias, mask);
}
