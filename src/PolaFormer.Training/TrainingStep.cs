using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training;

/// <summary>One update of the weights: forward and backward over one batch or several that accumulate, clipping, optimiser, average.</summary>
internal sealed class TrainingStep
{
    private readonly TrainerOptions _options;
    private readonly TrainingState _state;

    // Running statistics, which a forward pass changes, and their values before it: kept where a step may have to be undone.
    private readonly (Tensor Live, Tensor Before)[] _statistics = [];

    public TrainingStep(TrainerOptions options, TrainingState state)
    {
        (_options, _state) = (options, state);
        if (options.OnNonFinite == NonFinitePolicy.Skip)
            _statistics = [.. state.Model.StateDict().Where(entry => entry.Tensor is not Parameter).Select(entry => (entry.Tensor, entry.Tensor.Clone()))];
    }

    /// <summary>Runs the step. Where loss or gradients are not finite, weights, moments and statistics stay as they were.</summary>
    /// <param name="batches">As many batches as accumulate are taken.</param>
    /// <param name="step">Number in the run, from 0: random numbers follow from it.</param>
    /// <param name="learningRate">Learning rate.</param>
    public StepResult Run(IEnumerator<Func<Metrics, Tensor>> batches, long step, double learningRate)
    {
        foreach ((Tensor live, Tensor before) in _statistics)
            before.CopyFrom(live);
        int count = _options.AccumulationSteps;
        var metrics = new Metrics(_state.Task.Metrics);
        _state.Model.ZeroGrad();
        bool isFinite = true;
        string? anomaly = null;
        for (int i = 0; i < count && batches.MoveNext(); i++)
        {
            RandomStep.Current = new RandomStep(_options.Seed, (ulong)((step * count) + i));
            try
            {
                isFinite &= Accumulate(batches.Current, 1f / count, metrics);
            }
            catch (NonFiniteException error)
            {
                isFinite = false;
                anomaly ??= error.Message;
            }
        }

        double norm = isFinite ? ClippedNorm() : double.NaN;
        bool isApplied = isFinite && double.IsFinite(norm);
        if (isApplied)
        {
            _state.Optimizer.Step(learningRate);
            _state.Ema?.Update(step);
            _state.Metrics.Add(metrics);
        }
        else
        {
            foreach ((Tensor live, Tensor before) in _statistics)
                live.CopyFrom(before);
        }

        return new StepResult(metrics.Loss, norm, isApplied, anomaly);
    }

    // Adds a batch's gradients; false where the loss is not finite.
    private bool Accumulate(Func<Metrics, Tensor> batch, float share, Metrics metrics)
    {
        using var scope = MemoryScope.Enter();
        using var tape = Tape.Start();
        Tensor loss = batch(metrics);
        if (!float.IsFinite(loss.Item()))
            return false;
        tape.Backward(share == 1 ? loss : loss * share);
        return true;
    }

    private double ClippedNorm()
    {
        IEnumerable<Parameter> parameters = _state.Model.Parameters();
        if (_options.ClipGradient is not (> 0 and var max))
            return GradientClipping.Norm(parameters);
        if (!_options.ClipsByValue)
            return GradientClipping.ByNorm(parameters, max);
        double norm = GradientClipping.Norm(parameters);
        GradientClipping.ByValue(parameters, max);
        return norm;
    }
}
