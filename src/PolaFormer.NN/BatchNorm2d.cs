using PolaFormer.Tensors;

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
        _batchesTracked = AddBuffer("num_batches_tracked", Tensor.Empty([], DType.Int64));
        if (_batchesTracked.Device is not MetaDevice)
            _batchesTracked.AsSpan<long>()[0] = 0;
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x)
    {
        if (!IsTraining)
            return x.BatchNormEvaluate(_weight, _bias, _runningMean, _runningVariance, Eps);
        _batchesTracked.AsSpan<long>()[0]++;
        return x.BatchNormTrain(_weight, _bias, _runningMean, _runningVariance, Momentum, Eps);
    }
}
