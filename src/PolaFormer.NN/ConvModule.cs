using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN;

/// <summary>
/// A convolution, a norm and an activation under the names of mmcv's ConvModule: <c>conv</c>, then <c>bn</c> or <c>gn</c>. The
/// convolution has a bias only without a norm, and keeps the size at stride 1.
/// </summary>
public sealed class ConvModule : Module
{
    private readonly Conv2d _convolution;
    private readonly BatchNorm2d? _batchNorm;
    private readonly GroupNorm? _groupNorm;
    private Parameter[]? _parts;   // of the weight, each for a map
    private readonly Activation _activation;   // after the norm; without one it is the convolution's

    /// <summary>Makes the layers; the convolution starts normal with variance 2 over the outputs that an input reaches (Kaiming, fan_out) unless told otherwise.</summary>
    /// <param name="inChannels">Input channels.</param>
    /// <param name="outChannels">Output channels.</param>
    /// <param name="kernelSize">Side of the kernel, odd.</param>
    /// <param name="norm">The norm.</param>
    /// <param name="activation">Applied last.</param>
    /// <param name="groups">Groups of a group norm.</param>
    /// <param name="dilation">Pixels between taps of the kernel.</param>
    /// <param name="stride">Pixels between outputs.</param>
    /// <param name="start">Start of the weight, where it is another.</param>
    public ConvModule(int inChannels, int outChannels, int kernelSize, NormKind norm = NormKind.None, Activation activation = Activation.Relu, int groups = 32, int dilation = 1, int stride = 1, Initializer? start = null)
    {
        bool isPlain = norm == NormKind.None;
        _activation = isPlain ? Activation.None : activation;
        Initializer weight = start ?? Initializer.Normal(MathF.Sqrt(2f / (kernelSize * kernelSize * outChannels)));
        _convolution = AddChild("conv", new Conv2d(
            inChannels, outChannels, kernelSize, stride, kernelSize / 2 * dilation, initialization: (weight, Initializer.Zeros), hasBias: isPlain, dilation: dilation, activation: isPlain ? activation : Activation.None));
        if (norm == NormKind.Batch)
            _batchNorm = AddChild("bn", new BatchNorm2d(outChannels));
        else if (norm == NormKind.Group)
            _groupNorm = AddChild("gn", new GroupNorm(groups, outChannels));
    }

    /// <summary>
    /// Input channels of each of the maps that <see cref="ForwardJoint"/> will take, for a kernel of one pixel; null for others. Optimised for inference, the
    /// layer then computes every map at its own size: interpolation of channels and weights of pixels can change places.
    /// </summary>
    public IReadOnlyList<int>? JointChannels { get; init; }

    /// <summary>The layer on maps side by side, all brought to the size of the first.</summary>
    /// <param name="maps">(B, h, w, C) each.</param>
    /// <param name="mode">How the others are brought there.</param>
    public Tensor ForwardJoint(IReadOnlyList<Tensor> maps, InterpolationMode mode)
    {
        Tensor[] all = [.. maps];
        return Call(new JointPass(this, all, mode), static pass => pass.Layer.RunJoint(pass.Maps, pass.Mode), all);
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Finish(_convolution.Forward(x));

    /// <inheritdoc/>
    protected override Tensor RunOnto(Tensor residual, Tensor x) =>
        _groupNorm is null && _batchNorm is null or { IsFolded: true } ? _convolution.ForwardOnto(residual, x) : base.RunOnto(residual, x);

    /// <inheritdoc/>
    protected override void OnOptimizeForInference()
    {
        _batchNorm?.FoldInto(_convolution, _activation);
        if (JointChannels is null)
            return;
        Parameter weight = _convolution.Weight;
        _parts = new Parameter[JointChannels.Count];
        for (int i = 0, start = 0; i < _parts.Length; start += JointChannels[i++])
        {
            using var scope = MemoryScope.Enter();
            _parts[i] = MemoryScope.OutsideScopes(() => new Parameter([weight.Shape[0], JointChannels[i], 1, 1], Initializer.Zeros, weight.Device));
            _parts[i].CopyFrom(weight.Detach().Slice(1, start, JointChannels[i]));
            _parts[i].PackForInference();
        }
    }

    // What follows the convolution.
    private Tensor Finish(Tensor x)
    {
        if (_batchNorm is { IsFolded: true })
            return x;
        x = _batchNorm?.Forward(x) ?? _groupNorm?.Forward(x) ?? x;
        return x.Activate(_activation);
    }

    private Tensor RunJoint(Tensor[] maps, InterpolationMode mode)
    {
        (int height, int width) = (maps[0].Shape[1], maps[0].Shape[2]);
        if (_parts is null)
            return Run(Tensor.Concat(3, [.. maps.Select(map => IsAsFirst(map) ? map : map.Interpolate(height, width, mode))]));
        Tensor? sum = null;
        for (int i = maps.Length - 1; i > 0; i--)
        {
            sum = IsAsFirst(maps[i])
                ? maps[i].Conv2d(_parts[i], residual: sum)
                : maps[i].Conv2d(_parts[i]).Interpolate(height, width, mode, addend: sum);
        }

        return Finish(maps[0].Conv2d(_parts[0], _convolution.Bias, activation: _convolution.Activation, residual: sum));

        bool IsAsFirst(Tensor map) => map.Shape[1] == height && map.Shape[2] == width;
    }

    private readonly record struct JointPass(ConvModule Layer, Tensor[] Maps, InterpolationMode Mode);
}
