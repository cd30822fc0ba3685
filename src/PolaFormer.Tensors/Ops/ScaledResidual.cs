using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = r + f·γ·x with a factor f for each sample (drop-path) and γ for each channel (layer scale), either of which may be
/// missing: a branch of a block joining its residual. ∂r = ∂y, ∂x = f·γ·∂y, ∂γ = Σ f·x·∂y over all but the channels; the
/// factors f are constants.
/// </summary>
internal sealed class ScaledResidual : Operator
{
    private readonly Tensor _residual, _branch;
    private readonly Tensor? _channelFactors, _sampleFactors;

    private ScaledResidual(Tensor residual, Tensor branch, Tensor? channelFactors, Tensor? sampleFactors)
    {
        _residual = residual;
        _branch = channelFactors is { IsTracked: true } ? Save(branch) : branch;
        _channelFactors = SaveIfPresent(channelFactors);
        _sampleFactors = SaveIfPresent(sampleFactors);
    }

    public static Tensor Forward(Tensor residual, Tensor branch, Tensor? channelFactors, Tensor? sampleFactors)
    {
        if (residual.Shape != branch.Shape)
            throw new ArgumentException($"A branch {branch.Shape} is not as large as its residual {residual.Shape}.");
        if ((channelFactors is not null && channelFactors.Count != branch.Shape[-1]) || (sampleFactors is not null && sampleFactors.Count != branch.Shape[0]))
            throw new ArgumentException($"Factors {channelFactors?.Shape} of channels and {sampleFactors?.Shape} of samples do not fit a branch {branch.Shape}.");
        if (sampleFactors is not null)
            Tape.RequireUntracked("The factor of samples", sampleFactors);
        Tensor y = residual.Device.Empty(residual.Shape);
        residual.Device.ScaledResidual(residual, branch, channelFactors, sampleFactors, y);
        return Tape.IsRecording(residual, branch, channelFactors) ? Tape.Record(new ScaledResidual(residual, branch, channelFactors, sampleFactors), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dbranch = dy.Device.Empty(dy.Shape);
        Tensor? dchannelFactors = NewGradient(_channelFactors);
        dy.Device.ScaledResidualBackward(_branch, _channelFactors, _sampleFactors, dy, dbranch, dchannelFactors);
        Accumulate(_residual, dy);
        Accumulate(_branch, dbranch);
        Accumulate(_channelFactors, dchannelFactors);
    }
}
