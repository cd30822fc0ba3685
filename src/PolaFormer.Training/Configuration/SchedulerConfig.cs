using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>TRAIN.LR_SCHEDULER: the course of the learning rate.</summary>
public sealed class SchedulerConfig
{
    /// <summary>NAME: <c>cosine</c>, <c>linear</c>, <c>step</c>, or (ours) <c>onecycle</c>, which moves AdamW's β₁, too, and takes no WARMUP_LR and MIN_LR; <c>poly</c> is that of segmentation networks; detectors have <c>milestones</c>, or <c>linear</c> down to 0.</summary>
    [AllowedValues("cosine", "linear", "step", "onecycle", "poly", "milestones")]
    public string Name { get; set; } = "cosine";

    /// <summary>DECAY_EPOCHS: of the step schedule.</summary>
    [Range(1, int.MaxValue)]
    public int DecayEpochs { get; set; } = 30;

    /// <summary>DECAY_RATE: of the step schedule.</summary>
    [Range(0, 1)]
    public double DecayRate { get; set; } = 0.1;
}
