using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training.Optimization;

/// <summary>
/// The exponential moving average of a network over its steps, as timm's ModelEma: every entry of the state dict follows by
/// average ← decay·average + (1 − decay)·value, running statistics and their counters (truncated) included.
/// </summary>
public sealed class ModelEma
{
    private readonly (Tensor Average, Tensor Value)[] _pairs;
    private readonly double _decay;
    private readonly bool _warmsUp;

    // Where the device computes on while the program goes on: shares of the average and of the value.
    private readonly StepRates? _rates;
    private double _keep;

    /// <summary>Makes the average equal to the network.</summary>
    /// <param name="average">A second network of the same shape; its values are overwritten.</param>
    /// <param name="model">The network that is trained.</param>
    /// <param name="decay">In [0, 1).</param>
    /// <param name="warmsUp">Whether the decay of update t is at most (1 + t) / (10 + t), so that the first, random weights are soon forgotten.</param>
    public ModelEma(Module average, Module model, double decay, bool warmsUp = false)
    {
        (Average, _decay, _warmsUp) = (average, decay, warmsUp);
        _pairs = [.. average.StateDict().Zip(model.StateDict(), (a, value) => (a.Tensor, value.Tensor))];
        foreach ((Tensor mean, Tensor value) in _pairs)
            mean.CopyFrom(value);
        average.Evaluate();
        if (_pairs.Length > 0 && _pairs[0].Average.Device.IsAsynchronous)
            _rates = new StepRates(1, 2, _pairs[0].Average.Device);
    }

    /// <summary>The network that holds the average.</summary>
    public Module Average { get; }

    /// <summary>Takes in the network's values after a step.</summary>
    /// <param name="step">Steps before this one.</param>
    public void Update(long step)
    {
        Begin(step);
        Update();
    }

    /// <summary>Sets the shares of a step, where <see cref="Update()"/> reads them.</summary>
    /// <param name="step">Steps before this one.</param>
    public void Begin(long step)
    {
        _keep = _warmsUp ? Math.Min(_decay, (1.0 + step) / (10.0 + step)) : _decay;
        if (_rates is null)
            return;
        (_rates[0][0], _rates[0][1]) = ((float)_keep, (float)(1 - _keep));
        _rates.Write();
    }

    /// <summary>Takes in the network's values by the shares of <see cref="Begin"/>; may be part of a <see cref="RepeatedPass"/>.</summary>
    public void Update() => MultiTensor.Combine(_pairs, _keep, 1 - _keep, _rates?.Rows[0]);
}
