using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Detection.Heads;

/// <summary>
/// A transposed 2×2 convolution of stride 2 and a ReLU: every pixel becomes four, (B, H, W, in) → (B, 2·H, 2·W, out). The weight is
/// stored (in, out, 2, 2).
/// </summary>
public sealed class TransposedConvolution : Module
{
    private readonly Parameter _weight, _bias;
    private Linear? _pixels;

    /// <summary>Makes the layer.</summary>
    /// <param name="inChannels">Input channels.</param>
    /// <param name="outChannels">Output channels.</param>
    /// <param name="startsUniform">Whether weight and bias start uniform, PyTorch's default; else the weight normal with variance 2 over 4·in (Kaiming, fan_out, as PyTorch counts it).</param>
    public TransposedConvolution(int inChannels, int outChannels, bool startsUniform = false)
    {
        var uniform = Initializer.UniformFanIn(4 * outChannels);
        _weight = AddParameter("weight", [inChannels, outChannels, 2, 2], startsUniform ? uniform : Initializer.Normal(MathF.Sqrt(2f / (4 * inChannels))));
        _bias = AddParameter("bias", [outChannels], startsUniform ? uniform : Initializer.Zeros);
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x)
    {
        (int batch, int height, int width, int channels) = (x.Shape[0], x.Shape[1], x.Shape[2], _weight.Shape[1]);
        if (_pixels is not null)
            return _pixels.Forward(x).Reshape(batch * height, width, 2, 2 * channels).Permute(0, 2, 1, 3).Reshape(batch, 2 * height, 2 * width, channels);
        Tensor pixels = x.Reshape(batch * height * width, x.Shape[3]).MatMul(_weight.Reshape(x.Shape[3], 4 * channels));
        return (pixels.Reshape(batch * height, width, channels, 2, 2).Permute(0, 3, 1, 4, 2).Reshape(batch, 2 * height, 2 * width, channels) + _bias).Relu();
    }

    /// <inheritdoc/>
    protected override void OnOptimizeForInference()
    {
        _pixels = AddChild("pixels", MemoryScope.OutsideScopes(() => new Linear(_weight.Shape[0], 4 * _weight.Shape[1], activation: Activation.Relu)));
        _pixels.To(_weight.Device);
        using var scope = MemoryScope.Enter();

        // The four pixels' channels pixel by pixel.
        Tensor bias = _bias.Detach();
        _pixels.Weight.CopyFrom(_weight.Detach().Permute(2, 3, 1, 0).Reshape(_pixels.Weight.Shape));
        _pixels.Bias!.CopyFrom(Tensor.Concat(0, bias, bias, bias, bias));
    }
}
