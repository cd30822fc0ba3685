using PolaFormer.Checkpoints;
using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>
/// What a <see cref="Trainer"/> trains: a network, batches, a loss, metrics, a description.
/// Derive from <see cref="TrainingTask{TBatch}"/>.
/// </summary>
public abstract class TrainingTask
{
    private protected TrainingTask(Device? device) => Device = device ?? Device.Default;

    /// <summary>Where the network and the tensors of batches lie.</summary>
    public Device Device { get; }

    /// <summary>Name of the network.</summary>
    public abstract string Name { get; }

    /// <summary>The network, its weights drawn or loaded.</summary>
    public abstract Module Model { get; }

    /// <summary>The metrics, one at least; the first decides which network is the best.</summary>
    public abstract IReadOnlyList<MetricDefinition> Metrics { get; }

    /// <summary>Batches of an epoch of training, the same in every epoch.</summary>
    public abstract int BatchesPerEpoch { get; }

    /// <summary>Names of the classes in the order of the logits, which a saved state must share; empty for a task without.</summary>
    public virtual IReadOnlyList<string> Classes => [];

    /// <summary>What its examples are called where they are counted.</summary>
    public virtual string ExamplesName => "images";

    /// <summary>Examples left out of the epoch because they could not be read.</summary>
    public virtual int LeftOut => 0;

    /// <summary>What became of the weights that the network started from; null without.</summary>
    public virtual PretrainedReport? Pretrained => null;

    /// <summary>The terms that the last training step's loss is the sum of, by name; empty where it is one.</summary>
    public virtual IReadOnlyList<(string Name, double Value)> LossTerms => [];

    /// <summary>Epoch under way, from 0; the trainer sets it before it asks for the epoch's batches or its evaluation.</summary>
    public int Epoch { get; internal set; }

    /// <summary>Those that train together; the trainer sets it. Evaluations may be shared among them.</summary>
    public WorkerGroup Workers { get; internal set; } = WorkerGroup.Single;

    /// <summary>What tells these data from others, so that workers with different data are noticed: a count, a digest of names or labels.</summary>
    public virtual string DataDescription => "";

    /// <summary>Whether the first metric is measured on batches of training, too; where it is of a data set alone, it is NaN there.</summary>
    public virtual bool MeasuresTraining => true;

    /// <summary>Whether the chosen network is tested at the end of a run, on examples that chose nothing.</summary>
    public virtual bool HasTest => false;

    /// <summary>Makes a second network of the same shape, weights undefined, to hold averaged or waiting weights.</summary>
    public abstract Module CreateModel();

    /// <summary>The metadata of a saved network: what a reader needs to build and use it.</summary>
    /// <param name="value">First metric of its evaluation; null where it was not evaluated.</param>
    /// <param name="epoch">Epochs done.</param>
    public abstract IReadOnlyDictionary<string, string> Describe(double? value, int epoch);

    /// <summary>What needs the user's attention since the last call, such as examples that could not be read.</summary>
    public virtual IEnumerable<string> Warnings() => [];

    /// <summary>Whether saved sums can be of this task, beyond the range of each.</summary>
    public virtual bool CanBe(Metrics sums) => true;

    /// <summary>Measures a network of the task's shape. Null where it was stopped.</summary>
    public abstract Evaluation? Evaluate(Module model, CancellationToken stop = default);

    /// <summary>Measures a network on the examples for testing. Null where it was stopped.</summary>
    public virtual Evaluation? Test(Module model, CancellationToken stop = default) => throw new NotSupportedException($"{Name} has no examples for testing.");

    /// <summary>Whether a training step computes from the inputs of its batches alone.</summary>
    internal abstract bool TrainsFromInputs { get; }

    /// <summary>Batches of an epoch by their numbers.</summary>
    internal abstract IEnumerable<TrainingBatch> Results(int epoch, IReadOnlyList<int> numbers);
}
