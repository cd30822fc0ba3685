using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.NN;

/// <summary>Batch normalisation per channel of channels-last images; running statistics with momentum 0.1.</summary>
public sealed class BatchNorm2d : Module
{
    private const float Momentum = 0.1f;
    private const float Eps = 1e-5f;

    private readonly Parameter _weight, _bias;
    private readonly Tensor _runningMean, _runningVariance, _batchesTracked;

    /// <summary>Makes the layer.</summary>
    public BatchNorm2d(int channels)
    {
        _weight = AddParameter("weight", [channels], Initializer.Ones);
        _bias = AddParameter("bias", [channels], Initializer.Zeros);
        _runningMean = AddBuffer("running_mean", Tensor.Zeros([channels]));
        _runningVariance = AddBuffer("running_var", Tensor.Full([channels], 1));
        _batchesTracked = AddBuffer("num_batches_tracked", Tensor.From([0L], []), StateTraits.Optional);
    }

    /// <summary>Whether the convolution before does this layer's work.</summary>
    internal bool IsFolded { get; private set; }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x)
    {
        if (IsFolded)
            return x;
        if (!IsTraining)
            return x.BatchNormEvaluate(_weight, _bias, _runningMean, _runningVariance, Eps);
        // A second run of the same batch must leave the statistics as they are.
        IBatchParts? parts = BatchPart.Current;
        if (!Tape.IsRecomputing && parts is not { MovesStatistics: false })
            _batchesTracked.Increment();
        float momentum = Tape.IsRecomputing ? 0 : Momentum;
        return parts is null
            ? x.BatchNormTrain(_weight, _bias, _runningMean, _runningVariance, momentum, Eps)
            : x.BatchNormOfParts(_weight, _bias, _runningMean, _runningVariance, momentum, Eps, parts);
    }

    /// <summary>Folds the running statistics and the parameters into the convolution before, with the activation behind it; returns its input from then on.</summary>
    internal void FoldInto(Conv2d convolution, Activation activation)
    {
        float[] weight = _weight.ToArray(), bias = _bias.ToArray(), mean = _runningMean.ToArray(), variance = _runningVariance.ToArray();
        float[] factors = new float[weight.Length], offsets = new float[weight.Length];
        for (int channel = 0; channel < factors.Length; channel++)
        {
            factors[channel] = (float)(weight[channel] / Math.Sqrt((double)variance[channel] + Eps));
            offsets[channel] = bias[channel] - (mean[channel] * factors[channel]);
        }

        convolution.Fold(Tensor.From(factors, _weight.Shape, _weight.Device), Tensor.From(offsets, _weight.Shape, _weight.Device), activation);
        IsFolded = true;
    }
}
