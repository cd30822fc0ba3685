using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>2-D convolution of channels-last images: (B, H, W, in) → (B, h, w, out). The weight is stored (out, in / groups, k, k).</summary>
public sealed class Conv2d : Module
{
    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly int _stride, _padding, _groups;
    private Activation _activation;

    /// <summary>Makes the layer with a square kernel.</summary>
    public Conv2d(int inChannels, int outChannels, int kernelSize, int stride = 1, int padding = 0, int groups = 1, (Initializer Weight, Initializer Bias)? initialization = null)
    {
        (_stride, _padding, _groups) = (stride, padding, groups);
        Initializer fanIn = Initializer.UniformFanIn(inChannels / groups * kernelSize * kernelSize);
        _weight = AddParameter("weight", [outChannels, inChannels / groups, kernelSize, kernelSize], initialization?.Weight ?? fanIn);
        _bias = AddParameter("bias", [outChannels], initialization?.Bias ?? fanIn);
    }

    /// <summary>Output channels.</summary>
    public int OutChannels => _weight.Shape[0];

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => x.Conv2d(_weight, _bias, _stride, _padding, 1, _groups, _activation);

    /// <inheritdoc/>
    protected override void OnFreeze() => _weight.Freeze(_groups);

    /// <summary>Takes over y → act(factor·y + offset), which followed the layer, for each output channel.</summary>
    internal void Fold(ReadOnlySpan<float> factors, ReadOnlySpan<float> offsets, Activation activation)
    {
        _weight.ScaleRows(factors);
        _bias.ScaleRows(factors);
        Span<float> bias = _bias.AsSpan<float>();
        for (int channel = 0; channel < bias.Length; channel++)
            bias[channel] += offsets[channel];
        _activation = activation;
    }
}
