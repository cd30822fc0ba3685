using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = (x − mean)/√(var + eps)·w + b per channel (last dimension). Training takes the statistics of the batch (biased
/// variance), evaluation the running ones. With x̂ the normalised input and M rows: in training
/// ∂x = w·(∂y − mean(∂y) − x̂·mean(∂y·x̂))/√(var + eps), in evaluation ∂x = w·∂y/√(var + eps); ∂w = Σ x̂·∂y, ∂b = Σ ∂y.
/// </summary>
internal sealed class BatchNorm : Operator
{
    private readonly Tensor _x, _weight, _bias, _mean, _rstd;
    private readonly bool _batchStatistics;

    private BatchNorm(Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor rstd, bool batchStatistics)
    {
        _x = Keep(x);
        _weight = Save(weight);
        _bias = bias;
        _mean = Save(mean);
        _rstd = Save(rstd);
        _batchStatistics = batchStatistics;
    }

    /// <summary>Normalises by the batch and moves the running statistics: running += momentum·(batch − running), the variance unbiased.</summary>
    public static Tensor Train(Tensor x, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, float momentum, float eps)
    {
        Device device = x.Device;
        Shape channels = [x.Shape[-1]];
        Tensor mean = device.Empty(channels), rstd = device.Empty(channels), variance = device.Empty(channels);
        device.Run(new StatisticsCall(x, eps, mean, rstd, variance));
        device.Run(new AddScaled(mean, momentum, runningMean, 1 - momentum));
        device.Run(new AddScaled(variance, momentum, runningVariance, 1 - momentum));
        return Apply(x, weight, bias, mean, rstd, true);
    }

    /// <summary>Normalises by the running statistics.</summary>
    public static Tensor Evaluate(Tensor x, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, float eps)
    {
        Tensor rstd = Unary.Forward(UnaryFunction.Rsqrt, runningVariance + eps);
        return Apply(x, weight, bias, runningMean, rstd, false);
    }

    private static Tensor Apply(Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor rstd, bool batchStatistics)
    {
        Tensor y = x.Device.Empty(x.Shape);
        x.Device.Run(new Call(x, mean, rstd, weight, bias, y));
        return Tape.IsRecording(x, weight, bias) ? Tape.Record(new BatchNorm(x, weight, bias, mean, rstd, batchStatistics), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(dy.Shape);
        Tensor dweight = NewGradient(_weight) ?? dy.Device.Empty(_weight.Shape), dbias = NewGradient(_bias) ?? dy.Device.Empty(_bias.Shape);
        dy.Device.Run(new BackwardCall(_x, _mean, _rstd, _weight, dy, _batchStatistics, dx, dweight, dbias));
        Accumulate(_x, dx);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }

    /// <summary>Statistics over all but the last dimension: mean, 1/√(var + eps), and the unbiased variance.</summary>
    internal readonly record struct StatisticsCall(Tensor X, float Eps, Tensor Mean, Tensor Rstd, Tensor UnbiasedVariance) : IDeviceCall
    {
        public string Name => "BatchStatistics";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Mean);
            call.Writes(Rstd);
            call.Writes(UnbiasedVariance);
            call.Reads(X);
        }

        public unsafe void OnCpu() => Kernels.BatchNorm.Statistics(X.Data, X.RowCount, X.Shape[-1], Eps, Mean.Data, Rstd.Data, UnbiasedVariance.Data);
    }

    internal readonly record struct Call(Tensor X, Tensor Mean, Tensor Rstd, Tensor Weight, Tensor Bias, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(BatchNorm);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
            call.Reads(Mean);
            call.Reads(Rstd);
            call.Reads(Weight);
            call.Reads(Bias);
        }

        public unsafe void OnCpu() => Kernels.BatchNorm.Normalize(X.Data, Mean.Data, Rstd.Data, Weight.Data, Bias.Data, Y.Data, X.RowCount, X.Shape[-1]);
    }

    internal readonly record struct BackwardCall(
        Tensor X, Tensor Mean, Tensor Rstd, Tensor Weight, Tensor Dy, bool BatchStatistics, Tensor Dx, Tensor Dweight, Tensor Dbias) : IDeviceCall
    {
        public string Name => "BatchNormBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dx);
            call.Writes(Dweight);
            call.Writes(Dbias);
            call.Reads(X);
            call.Reads(Mean);
            call.Reads(Rstd);
            call.Reads(Weight);
            call.Reads(Dy);
        }

        public unsafe void OnCpu() => Kernels.BatchNorm.Backward(
            X.Data, Mean.Data, Rstd.Data, Weight.Data, Dy.Data, Dx.Data, Dweight.Data, Dbias.Data, X.RowCount, X.Shape[-1], BatchStatistics);
    }
}
