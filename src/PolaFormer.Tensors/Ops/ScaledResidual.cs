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
        _branch = channelFactors is { IsTracked: true } ? Keep(branch) : branch;
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
        if (!residual.Device.Fuses<Call>())
            return Compose(residual, branch, channelFactors, sampleFactors);

        Tensor y = residual.Device.Empty(residual.Shape);
        residual.Device.Run(new Call(residual, branch, channelFactors, sampleFactors, y));
        return Tape.IsRecording(residual, branch, channelFactors) ? Tape.Record(new ScaledResidual(residual, branch, channelFactors, sampleFactors), y) : y;
    }

    private static Tensor Compose(Tensor residual, Tensor branch, Tensor? channelFactors, Tensor? sampleFactors)
    {
        Tensor scaled = branch;
        if (channelFactors is not null)
            scaled *= channelFactors.Reshape(branch.Shape[-1]);
        if (sampleFactors is not null)
        {
            Span<int> samples = stackalloc int[branch.Rank];
            samples.Fill(1);
            samples[0] = branch.Shape[0];
            scaled *= sampleFactors.Reshape(new Shape(samples));
        }

        return residual + scaled;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dbranch = dy.Device.Empty(dy.Shape);
        Tensor? dchannelFactors = NewGradient(_channelFactors);
        dy.Device.Run(new BackwardCall(_branch, _channelFactors, _sampleFactors, dy, dbranch, dchannelFactors));
        Accumulate(_residual, dy);
        Accumulate(_branch, dbranch);
        Accumulate(_channelFactors, dchannelFactors);
    }

    internal readonly record struct Call(Tensor Residual, Tensor Branch, Tensor? ChannelFactors, Tensor? SampleFactors, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(ScaledResidual);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(Residual);
            call.ReadsAny(Branch);
            call.Reads(ChannelFactors);
            call.Reads(SampleFactors);
        }

        public unsafe void OnCpu() => Kernels.ScaledResidual.Forward(
            Residual.Data, Branch.Data, Tensor.DataOrNull(ChannelFactors), Tensor.DataOrNull(SampleFactors), Y.Data, Y.RowCount, Y.RowCount / Math.Max(Y.Shape[0], 1), Y.Shape[-1]);
    }

    /// <summary>dbranch = f·γ·dy; dγ = Σ f·branch·dy, for which alone the branch is read.</summary>
    internal readonly record struct BackwardCall(
        Tensor Branch, Tensor? ChannelFactors, Tensor? SampleFactors, Tensor Dy, Tensor Dbranch, Tensor? DchannelFactors) : IDeviceCall
    {
        public string Name => "ScaledResidualBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dbranch);
            call.Writes(DchannelFactors);
            if (DchannelFactors is not null)
                call.Reads(Branch);
            call.Reads(ChannelFactors);
            call.Reads(SampleFactors);
            call.Reads(Dy);
        }

        public unsafe void OnCpu() => Kernels.ScaledResidual.Backward(
            DchannelFactors is null ? null : Branch.Data, Tensor.DataOrNull(ChannelFactors), Tensor.DataOrNull(SampleFactors),
            Dy.Data, Dbranch.Data, Tensor.DataOrNull(DchannelFactors), Dy.RowCount, Dy.RowCount / Math.Max(Dy.Shape[0], 1), Dy.Shape[-1]);
    }
}
