using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>
/// One k×k kernel a channel, size kept: (B, H, W, C) → the same. A layer of fewer channels than its input serves it in
/// turns, as the convolution that PolaFormer's heads share.
/// </summary>
public sealed class DepthwiseConv2d : Module
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;
    private readonly bool _addInput;

    /// <summary>Makes the layer.</summary>
    /// <param name="channels">Kernels.</param>
    /// <param name="kernelSize">Side of the kernel, odd.</param>
    /// <param name="addInput">Whether the input is added to the result.</param>
    /// <param name="initialization">Start of the weight and bias; PyTorch's uniform default where null.</param>
    /// <param name="hasBias">Whether a bias is added.</param>
    public DepthwiseConv2d(int channels, int kernelSize, bool addInput = false, (Initializer Weight, Initializer Bias)? initialization = null, bool hasBias = true)
    {
        _addInput = addInput;
        Initializer fanIn = Initializer.UniformFanIn(kernelSize * kernelSize);
        _weight = AddParameter("weight", [channels, 1, kernelSize, kernelSize], initialization?.Weight ?? fanIn);
        _bias = hasBias ? AddParameter("bias", [channels], initialization?.Bias ?? fanIn) : null;
    }

    /// <summary>Applies the layer to columns of a joint projection (B, H, W, …).</summary>
    public Tensor Forward(Columns x) => Call(new Pass(this, x), static pass => pass.Layer.Convolve(pass.X), x.Source);

    /// <summary>(Forward(x) + addend)·gate, for a layer that does not add its input.</summary>
    public Tensor ForwardGated(Columns x, Tensor addend, Columns gate) => Call(
        new GatedPass(this, x, addend, gate),
        static pass => Tensor.GatedDepthwiseConv2d(pass.X, pass.Layer._weight, pass.Layer._bias, pass.Addend, pass.Gate),
        x.Source,
        addend,
        gate.Source);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Convolve(x);

    /// <inheritdoc/>
    protected override void OnOptimizeForInference() => _weight.PackForInference(groups: _weight.Shape[0]);

    private Tensor Convolve(Columns x) => Tensor.DepthwiseConv2d(x, _weight, _bias, _addInput);

    private readonly record struct Pass(DepthwiseConv2d Layer, Columns X);

    private readonly record struct GatedPass(DepthwiseConv2d Layer, Columns X, Tensor Addend, Columns Gate);
}
