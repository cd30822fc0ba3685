using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = (x − mean)/√(var + eps)·w + b per channel (last dimension), by the mean and the biased variance of a batch of which x is one
/// part. With x̂ the normalised input and M the rows of all parts: ∂x = w·(∂y − Σ∂y/M − x̂·Σ(∂y·x̂)/M)/√(var + eps), the sums over all
/// parts; ∂w = Σ x̂·∂y, ∂b = Σ ∂y, the sums over this part: those of the parts add up as any parameter's. No rows give NaN.
/// </summary>
internal sealed class BatchNormOfParts : Operator
{
    private readonly Tensor _x, _weight, _bias, _mean, _rstd;
    private readonly IBatchParts _parts;
    private readonly double _rows;

    private BatchNormOfParts(Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor rstd, IBatchParts parts, double rows)
    {
        _x = Keep(x);
        _weight = Save(weight);
        _bias = bias;
        _mean = Save(mean);
        _rstd = Save(rstd);
        (_parts, _rows) = (parts, rows);
    }

    /// <summary>Normalises by all parts and, where this part is told to, moves the running statistics: running += momentum·(batch − running), the variance unbiased.</summary>
    public static Tensor Forward(Tensor x, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, float momentum, float eps, IBatchParts parts)
    {
        Device device = x.Device;
        int channels = x.Shape[-1];
        Tensor ownMean = device.Empty([channels]), ownRstd = device.Empty([channels]), ownVariance = device.Empty([channels]);
        device.Run(new BatchNorm.StatisticsCall(x, eps, ownMean, ownRstd, ownVariance));
        float[] mean = ownMean.ToArray(), variance = ownVariance.ToArray(), rstd = new float[channels];
        double rows = MergeStatistics(mean, variance, rstd, x.RowCount, eps, parts);

        Tensor means = Tensor.From(mean, [channels], device), rstds = Tensor.From(rstd, [channels], device);
        if (parts.MovesStatistics)
        {
            device.Run(new AddScaled(means, momentum, runningMean, 1 - momentum));
            device.Run(new AddScaled(Tensor.From(variance, [channels], device), momentum, runningVariance, 1 - momentum));
        }

        Tensor y = device.Empty(x.Shape);
        device.Run(new BatchNorm.Call(x, means, rstds, weight, bias, y));
        return Tape.IsRecording(x, weight, bias) ? Tape.Record(new BatchNormOfParts(x, weight, bias, means, rstds, parts, rows), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        int channels = dy.Shape[-1];
        Tensor dx = device.Empty(dy.Shape);
        Tensor dweight = NewGradient(_weight) ?? device.Empty(_weight.Shape), dbias = NewGradient(_bias) ?? device.Empty(_bias.Shape);
        device.Run(new BatchNorm.BackwardCall(_x, _mean, _rstd, _weight, dy, BatchStatistics: false, dx, dweight, dbias));

        // What the statistics' own gradients take away is (x − mean)·rstd·factor + offset: the form of the forward pass.
        double[] sums = [.. dweight.ToArray(), .. dbias.ToArray()];
        _parts.AddUp(sums);
        float[] weight = _weight.ToArray(), rstd = _rstd.ToArray(), factor = new float[channels], offset = new float[channels];
        for (int c = 0; c < channels; c++)
        {
            double scale = (double)weight[c] * rstd[c] / _rows;
            (factor[c], offset[c]) = ((float)(scale * sums[c]), (float)(scale * sums[channels + c]));
        }

        Tensor excess = device.Empty(dy.Shape);
        device.Run(new BatchNorm.Call(_x, _mean, _rstd, Tensor.From(factor, [channels], device), Tensor.From(offset, [channels], device), excess));
        device.Run(new AddScaled(excess, -1, dx, 1));
        Accumulate(_x, dx);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }

    // Of the part's mean and unbiased variance makes those of all parts; returns the rows of all.
    private static double MergeStatistics(float[] mean, float[] variance, float[] rstd, long rows, float eps, IBatchParts parts)
    {
        int channels = mean.Length;
        double[] sums = new double[channels + 1], squares = new double[channels];
        for (int c = 0; c < channels; c++)
            sums[c] = (double)rows * mean[c];
        sums[channels] = rows;
        parts.AddUp(sums);
        double all = sums[channels];
        for (int c = 0; c < channels; c++)
        {
            // The variance of a single row is NaN.
            double distance = mean[c] - (sums[c] / all), own = rows > 1 ? (double)variance[c] * (rows - 1) : 0;
            squares[c] = own + (rows * distance * distance);
        }

        parts.AddUp(squares);
        for (int c = 0; c < channels; c++)
        {
            mean[c] = (float)(sums[c] / all);
            rstd[c] = (float)(1 / Math.Sqrt((squares[c] / all) + eps));
            variance[c] = (float)(squares[c] / (all - 1));
        }

        return all;
    }
}
