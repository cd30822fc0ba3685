using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training;

/// <summary>One update of the weights: forward and backward over one batch or several that accumulate, clipping, optimiser, average.</summary>
/// <remarks>
/// Where the device computes on while the program goes on, losses and norms stay there until <see cref="Read"/>, and a step that is
/// not finite is noticed then: the run stops or goes back to its saved state, which is older. Only skipping such steps, and naming
/// the operator, needs the values before the weights change.
/// </remarks>
internal sealed class TrainingStep
{
    private readonly TrainerOptions _options;
    private readonly TrainingState _state;
    private readonly StepValues _values;
    private readonly IReadOnlyList<Parameter> _parameters;

    // Whether a step's values are read before the weights change.
    private readonly bool _isChecked;

    // Running statistics, which a forward pass changes, and their values before it: kept where a step may have to be undone.
    private readonly (Tensor Live, Tensor Before)[] _statistics = [];

    public TrainingStep(TrainerOptions options, TrainingState state)
    {
        (_options, _state) = (options, state);
        _parameters = [.. state.Model.Parameters()];
        _values = new StepValues(state.Task.Metrics, state.Task.Device, options.AccumulationSteps);
        _isChecked = options.OnNonFinite == NonFinitePolicy.Skip || options.DetectsAnomalies || !state.Task.Device.IsAsynchronous;
        if (options.OnNonFinite == NonFinitePolicy.Skip)
            _statistics = [.. state.Model.StateDict().Where(entry => entry.Tensor is not Parameter).Select(entry => (entry.Tensor, entry.Tensor.Clone()))];
    }

    /// <summary>Whether the steps must be read before another one.</summary>
    public bool MustBeRead => _isChecked || _values.IsFull;

    /// <summary>Runs the step. Where values are read after every step and are not finite, weights, moments and statistics stay as they were.</summary>
    /// <param name="batches">As many batches as accumulate are taken.</param>
    /// <param name="step">Number in the run, from 0: random numbers follow from it.</param>
    /// <param name="learningRate">Learning rate.</param>
    public void Run(IEnumerator<Func<BatchResult>> batches, long step, double learningRate)
    {
        foreach ((Tensor live, Tensor before) in _statistics)
            before.CopyFrom(live);
        int count = _options.AccumulationSteps;
        _state.Model.ZeroGrad();
        bool isFinite = true;
        string? anomaly = null;
        for (int i = 0; i < count && batches.MoveNext(); i++)
        {
            RandomStep.Current = new RandomStep(_options.Seed, (ulong)((step * count) + i));
            try
            {
                isFinite &= Accumulate(batches.Current, 1f / count);
            }
            catch (NonFiniteException error)
            {
                isFinite = false;
                anomaly ??= error.Message;
            }
        }

        using var scope = MemoryScope.Enter();
        Tensor? norm = isFinite ? Clip() : null;
        if (norm is not null && (!_isChecked || double.IsFinite(GradientClipping.Read(norm))))
        {
            _state.Optimizer.Step(learningRate);
            _state.Ema?.Update(step);
        }
        else
        {
            foreach ((Tensor live, Tensor before) in _statistics)
                live.CopyFrom(before);
        }

        _values.End(step, learningRate, norm, anomaly);
    }

    /// <summary>Takes the batches of a step and computes nothing.</summary>
    public void PassOver(IEnumerator<Func<BatchResult>> batches, long step, double learningRate)
    {
        for (int i = 0; i < _options.AccumulationSteps; i++)
            batches.MoveNext();
        _values.PassOver(step, learningRate);
    }

    /// <summary>Marks the last step to be shown to the observers.</summary>
    public void Show() => _values.Show();

    /// <summary>Reads the steps since the last call; waits until the device has computed them.</summary>
    public IReadOnlyList<StepResult> Read() => _values.Read();

    // Adds a batch's gradients; false where the loss is looked at and not finite.
    private bool Accumulate(Func<BatchResult> batch, float share)
    {
        using var scope = MemoryScope.Enter();
        using var tape = Tape.Start();
        BatchResult result = batch();
        _values.Add(result);
        if (_isChecked && !float.IsFinite(result.Loss.Item()))
            return false;
        tape.Backward(share == 1 ? result.Loss : result.Loss * share);
        return true;
    }

    // The norm before clipping.
    private Tensor Clip()
    {
        IReadOnlyList<Tensor> gradients = GradientClipping.GradientsOf(_parameters);
        Tensor norm = MultiTensor.Norm(gradients);
        if (_options.ClipGradient is not (> 0 and var max))
            return norm;
        if (_options.ClipsByValue)
            MultiTensor.ClipByValue(gradients, max);
        else
            MultiTensor.ClipByNorm(gradients, norm, max);
        return norm;
    }
}
