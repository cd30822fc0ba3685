using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Training;

/// <summary>One update of the weights: forward and backward over one batch or several that accumulate, clipping, optimiser, average.</summary>
internal sealed class TrainingStep
{
    private readonly TrainingConfig _config;
    private readonly TrainingState _state;
    private readonly Mixup? _mixup;

    // Running statistics, which a forward pass changes, and their values before it: kept where a step may have to be undone.
    private readonly (Tensor Live, Tensor Before)[] _statistics = [];

    public TrainingStep(TrainingConfig config, TrainingState state, bool canUndo)
    {
        (_config, _state) = (config, state);
        if (Mixup.IsWanted(config.Aug))
            _mixup = new Mixup(config.Aug, state.Model.NumClasses, config.Model.LabelSmoothing);
        if (canUndo)
            _statistics = [.. state.Model.StateDict().Where(entry => entry.Tensor is not Parameter).Select(entry => (entry.Tensor, entry.Tensor.Clone()))];
    }

    /// <summary>Runs the step. Where loss or gradients are not finite, weights, moments and statistics stay as they were.</summary>
    /// <param name="batches">As many batches as accumulate are taken.</param>
    /// <param name="step">Number in the run, from 0: random numbers follow from it.</param>
    /// <param name="learningRate">Learning rate.</param>
    public StepResult Run(IEnumerator<Batch> batches, long step, double learningRate)
    {
        foreach ((Tensor live, Tensor before) in _statistics)
            before.CopyFrom(live);
        int count = _config.Train.AccumulationSteps;
        VisionModel model = _state.Model;
        var metrics = new Metrics();
        model.ZeroGrad();
        bool isFinite = true;
        string? anomaly = null;
        for (int i = 0; i < count && batches.MoveNext(); i++)
        {
            RandomStep.Current = new RandomStep((ulong)_config.Seed, (ulong)((step * count) + i));
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

    // Adds a batch's gradients; false where the loss is no finite number.
    private bool Accumulate(Batch batch, float share, Metrics metrics)
    {
        using var scope = MemoryScope.Enter();
        using var tape = Tape.Start();
        Tensor images = Tensor.From(batch.Images, [batch.Count, batch.ImageSize, batch.ImageSize, 3]);
        Tensor targets = _mixup is null
            ? SoftTargets.FromLabels(batch.Labels, _state.Model.NumClasses, (float)_config.Model.LabelSmoothing)
            : _mixup.Apply(images, batch.Labels, RandomStep.Current.Seed, (long)RandomStep.Current.Step);
        Tensor logits = _state.Model.Forward(images);
        Tensor loss = logits.CrossEntropy(targets).Mean();
        metrics.Add(logits.AsSpan<float>(), batch.Labels, loss.Item());
        if (!float.IsFinite(loss.Item()))
            return false;
        tape.Backward(share == 1 ? loss : loss * share);
        return true;
    }

    private double ClippedNorm()
    {
        IEnumerable<Parameter> parameters = _state.Model.Parameters();
        if (_config.Train.ClipGrad is not (> 0 and var max))
            return GradientClipping.Norm(parameters);
        if (_config.Train.ClipMode == "norm")
            return GradientClipping.ByNorm(parameters, max);
        double norm = GradientClipping.Norm(parameters);
        GradientClipping.ByValue(parameters, max);
        return norm;
    }
}
