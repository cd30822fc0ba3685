using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training;

/// <summary>All that changes while a run goes on: what is saved, and what a resumed run starts from.</summary>
internal sealed class TrainingState(TrainingTask task, Optimizer optimizer, ModelEma? ema, TrainingPosition position)
{
    /// <summary>What is trained.</summary>
    public TrainingTask Task => task;

    /// <summary>The network.</summary>
    public Module Model => task.Model;

    /// <summary>The update rule with its moments.</summary>
    public Optimizer Optimizer => optimizer;

    /// <summary>The averaged weights, where the run averages them.</summary>
    public ModelEma? Ema => ema;

    /// <summary>How far the run has come.</summary>
    public TrainingPosition Position { get; set; } = position;

    /// <summary>Loss and metrics of the epoch under way.</summary>
    public Metrics Metrics { get; set; } = new(task.Metrics);

    /// <summary>Names of the classes, in the order of the logits; empty in states of earlier versions.</summary>
    public IReadOnlyList<string> Classes { get; set; } = [];

    /// <summary>Every tensor with a name of its own.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Tensors() =>
        task.Model.StateDict().Select(entry => ($"model.{entry.Name}", entry.Tensor))
            .Concat(optimizer.StateDict().Select(entry => ($"optimizer.{entry.Name}", entry.Tensor)))
            .Concat(ema?.Average.StateDict().Select(entry => ($"ema.{entry.Name}", entry.Tensor)) ?? []);
}
