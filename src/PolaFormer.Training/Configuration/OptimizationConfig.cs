using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>TRAIN: the optimisation. Learning rates are for 512 images a step and scale with the batch size.</summary>
public sealed class OptimizationConfig
{
    private const int MaxEpochs = 1_000_000;

    /// <summary>START_EPOCH: first epoch.</summary>
    [Range(0, MaxEpochs)]
    public int StartEpoch { get; set; }

    /// <summary>EPOCHS: epochs of the schedule, warm-up included.</summary>
    [Range(1, MaxEpochs)]
    public int Epochs { get; set; } = 300;

    /// <summary>WARMUP_EPOCHS: epochs of linear rise.</summary>
    [Range(0, MaxEpochs)]
    public int WarmupEpochs { get; set; } = 20;

    /// <summary>COOLDOWN_EPOCHS: epochs after the schedule, at its last value.</summary>
    [Range(0, MaxEpochs)]
    public int CooldownEpochs { get; set; }

    /// <summary>PATIENCE (ours): epochs without a better evaluation after which the run ends; 0 to go on to the last epoch.</summary>
    [Range(0, MaxEpochs)]
    public int Patience { get; set; }

    /// <summary>WEIGHT_DECAY: decoupled decay.</summary>
    [Range(0, 1000)]
    public double WeightDecay { get; set; } = 0.05;

    /// <summary>BASE_LR: learning rate after the warm-up.</summary>
    [Range(0, 1000)]
    public double BaseLr { get; set; } = 5e-4;

    /// <summary>WARMUP_LR: learning rate at the start.</summary>
    [Range(0, 1000)]
    public double WarmupLr { get; set; } = 5e-7;

    /// <summary>MIN_LR: learning rate at the end.</summary>
    [Range(0, 1000)]
    public double MinLr { get; set; } = 5e-6;

    /// <summary>CLIP_GRAD: largest global norm of the gradients; None, as with the authors 0, for no limit.</summary>
    [Range(0, double.MaxValue)]
    public double? ClipGrad { get; set; } = 5;

    /// <summary>CLIP_MODE (ours): <c>norm</c>, CLIP_GRAD limits the global norm; <c>value</c>, every element.</summary>
    [AllowedValues("norm", "value")]
    public string ClipMode { get; set; } = "norm";

    /// <summary>ACCUMULATION_STEPS (ours): batches whose gradients add up before the weights change, at least 1; learning rates scale with it.</summary>
    [Range(1, 1 << 20)]
    public int AccumulationSteps { get; set; } = 1;

    /// <summary>MICRO_BATCHES (ours): parts of a batch whose gradients add up in one binary tree, so that any number of workers gives the same bits; a power of two, 0 for as many as there are workers.</summary>
    [Range(0, 1 << 16)]
    public int MicroBatches { get; set; }

    /// <summary>
    /// REDUCE (ours): how workers add gradients: <c>tree</c>, so that any number of them ends with the same weights, or <c>ring</c>, which
    /// sends while the backward pass runs for numbers that are no power of two, too, and gives the same weights for the same number alone.
    /// </summary>
    [AllowedValues("tree", "ring")]
    public string Reduce { get; set; } = "tree";

    /// <summary>
    /// SYNC_BATCH_NORM (ours): batch norms take the statistics of the whole batch of a step, whatever parts (MICRO_BATCHES) it is cut into;
    /// without it, as in the authors' run, each part has its own.
    /// </summary>
    public bool SyncBatchNorm { get; set; }

    /// <summary>AUTO_RESUME: continue from what lies in the output folder.</summary>
    public bool AutoResume { get; set; } = true;

    /// <summary>USE_CHECKPOINT: keep the blocks' inputs alone and compute the rest again in the backward pass; less memory, more time, the same bits.</summary>
    public bool UseCheckpoint { get; set; }

    /// <summary>MODEL_EMA (ours, for a switch of the authors' main_ema.py): average the weights over the steps, and evaluate the average, too.</summary>
    public bool ModelEma { get; set; }

    /// <summary>MODEL_EMA_DECAY (ours): share of the average that a step keeps.</summary>
    [Range(0, 1, MaximumIsExclusive = true)]
    public double ModelEmaDecay { get; set; } = 0.9999;

    /// <summary>MODEL_EMA_WARMUP (ours): keep at most (1 + t) / (10 + t) at step t.</summary>
    public bool ModelEmaWarmup { get; set; }

    /// <summary>LAYER_DECAY (ours): factor on the learning rate from one layer to the one before it, for fine-tuning; 1 for one rate.</summary>
    [Range(0, 1, MinimumIsExclusive = true)]
    public double LayerDecay { get; set; } = 1;

    /// <summary>FREEZE (ours): patterns of parameter names that stay as they are, such as <c>layers.0.*</c>.</summary>
    public string[] Freeze { get; set; } = [];

    /// <summary>CLASS_WEIGHTS (ours): <c>balanced</c> weighs every example's loss by N / (classes · examples of its class), so that all classes count alike; <c>none</c>.</summary>
    [AllowedValues("none", "balanced")]
    public string ClassWeights { get; set; } = "none";

    /// <summary>ON_NAN (ours): what a loss or gradient that is not finite does: <c>stop</c>, <c>skip</c> or <c>rollback</c>.</summary>
    [AllowedValues("stop", "skip", "rollback")]
    public string OnNan { get; set; } = "stop";

    /// <summary>DETECT_ANOMALY (ours): look at every operator's result and gradient, and name the first that is not finite; slower.</summary>
    public bool DetectAnomaly { get; set; }

    /// <summary>LR_SCHEDULER: the course of the learning rate.</summary>
    public SchedulerConfig LrScheduler { get; set; } = new();

    /// <summary>OPTIMIZER: the update rule.</summary>
    public OptimizerConfig Optimizer { get; set; } = new();
}
