using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training;

/// <summary>How a <see cref="Trainer"/> trains, whatever the task.</summary>
public sealed record TrainerOptions
{
    /// <summary>Epochs of the run.</summary>
    public required int Epochs { get; init; }

    /// <summary>The update rule over the parameters of the task's network.</summary>
    public required Optimizer Optimizer { get; init; }

    /// <summary>The course of the learning rate over steps.</summary>
    public required LearningRateSchedule Schedule { get; init; }

    /// <summary>Dropout and the like follow from it.</summary>
    public ulong Seed { get; init; }

    /// <summary>Epoch to begin with.</summary>
    public int StartEpoch { get; init; }

    /// <summary>Epochs without a better first metric after which the run ends; 0 to go on to the last epoch.</summary>
    public int Patience { get; init; }

    /// <summary>Batches whose gradients add up before the weights change.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>
    /// Parts of a step's batch, which are batches of the task, and whose gradients add up in one binary tree, whatever the number of
    /// workers: a power of two. 1 for whole batches; else <see cref="AccumulationSteps"/> is 1.
    /// </summary>
    public int MicroBatches { get; init; } = 1;

    /// <summary>
    /// Whether workers add gradients in a ring, of any number: each has the bits of the others, but those of another number of workers
    /// differ. Else along a binary tree over the micro-batches, whose sums are those of one worker.
    /// </summary>
    public bool ReducesInRing { get; init; }

    /// <summary>
    /// Whether batch norms take the statistics of a step's whole batch, whatever parts it is cut into; else each those of its part.
    /// Takes a message between workers for every batch norm, forward and backward. Not with <see cref="DetectsAnomalies"/>.
    /// </summary>
    public bool SynchronizesNorms { get; init; }

    /// <summary>The processes that train together, of which the first writes the files of the run.</summary>
    public WorkerGroup Workers { get; init; } = WorkerGroup.Single;

    /// <summary>Largest global norm of the gradients, or largest element; 0 for no limit.</summary>
    public double ClipGradient { get; init; }

    /// <summary>Whether <see cref="ClipGradient"/> limits every element instead of the norm.</summary>
    public bool ClipsByValue { get; init; }

    /// <summary>Share of the averaged weights that a step keeps; null where the weights are not averaged.</summary>
    public double? EmaDecay { get; init; }

    /// <summary>Whether the average keeps at most (1 + t) / (10 + t) at step t.</summary>
    public bool EmaWarmsUp { get; init; }

    /// <summary>
    /// Whether a device that can repeats steps of one shape as a whole, a GPU as a CUDA graph, where the task has inputs for that and no
    /// value is read in a step. Same bits; memory of such steps is their own.
    /// </summary>
    public bool RepeatsSteps { get; init; } = true;

    /// <summary>What a loss or gradient that is not finite does.</summary>
    public NonFinitePolicy OnNonFinite { get; init; } = NonFinitePolicy.Stop;

    /// <summary>Whether the first operator whose values are not finite is named; slower.</summary>
    public bool DetectsAnomalies { get; init; }

    /// <summary>Whether to continue from the state in the output folder.</summary>
    public bool AutoResume { get; init; } = true;

    /// <summary>State of a run to continue from, where the output folder has none; empty for a new run.</summary>
    public string Resume { get; init; } = "";

    /// <summary>The file that the network's weights were taken from, which the run does not write over; empty for drawn weights.</summary>
    public string Pretrained { get; init; } = "";

    /// <summary>Epochs between checkpoints.</summary>
    public int SaveEpochs { get; init; } = 1;

    /// <summary>Minutes after which the state is saved within an epoch, too; 0 for never.</summary>
    public double SaveMinutes { get; init; } = 5;

    /// <summary>Steps until which the best network counts, for later ones to beat, but is not saved.</summary>
    public long SaveBestAfter { get; init; }

    /// <summary>Value of the first metric that the first best network must beat; −1 for any.</summary>
    public double BestToBeat { get; init; } = MetricDefinition.NotMeasured;

    /// <summary>Steps between log records.</summary>
    public int PrintEvery { get; init; } = 100;

    /// <summary>The settings as text, written to <c>config.yaml</c> and shown in the report; empty for none.</summary>
    public string Configuration { get; init; } = "";

    /// <summary>Batches of the task in a step, of all workers together.</summary>
    internal int BatchesPerStep => AccumulationSteps * MicroBatches;

    /// <summary>Writes a network in another format, too: its path without extension, the network, the state of the run, how far the network has come. Null for none.</summary>
    internal Action<string, Module, TrainingState, TrainingPosition>? AlsoWrite { get; init; }
}
