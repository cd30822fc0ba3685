using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training;

/// <summary>All that changes while a run goes on: what is saved, and what a resumed run starts from.</summary>
internal sealed class TrainingState(VisionModel model, Optimizer optimizer, ModelEma? ema, TrainingPosition position)
{
    /// <summary>The network.</summary>
    public VisionModel Model => model;

    /// <summary>The update rule with its moments.</summary>
    public Optimizer Optimizer => optimizer;

    /// <summary>The averaged weights, where the run averages them.</summary>
    public ModelEma? Ema => ema;

    /// <summary>How far the run has come.</summary>
    public TrainingPosition Position { get; set; } = position;

    /// <summary>Loss and hits of the epoch under way.</summary>
    public Metrics Metrics { get; set; } = new();

    /// <summary>Names of the classes, in the order of the logits; empty in states of earlier versions.</summary>
    public IReadOnlyList<string> Classes { get; set; } = [];

    /// <summary>Every tensor with a name of its own.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Tensors() =>
        model.StateDict().Select(entry => ($"model.{entry.Name}", entry.Tensor))
            .Concat(optimizer.StateDict().Select(entry => ($"optimizer.{entry.Name}", entry.Tensor)))
            .Concat(ema?.Average.StateDict().Select(entry => ($"ema.{entry.Name}", entry.Tensor)) ?? []);
}
