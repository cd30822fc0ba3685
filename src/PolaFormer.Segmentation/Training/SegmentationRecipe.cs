using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Segmentation.Training;

/// <summary>How a published segmentation network was trained.</summary>
public sealed record SegmentationRecipe
{
    /// <summary>Iterations of the run.</summary>
    public int Iterations { get; init; } = 160_000;

    /// <summary>Images of a batch, over all processes.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Iterations between evaluations.</summary>
    public int Interval { get; init; } = 8000;

    /// <summary>Learning rate at the start, but for the warm-up.</summary>
    public double LearningRate { get; init; } = 6e-5;

    /// <summary>Weight decay of AdamW.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Exponent of the polynomial decay of the learning rate.</summary>
    public double Power { get; init; } = 1;

    /// <summary>Iterations of the linear warm-up.</summary>
    public int WarmupIterations { get; init; } = 1500;

    /// <summary>Factor of the first iteration.</summary>
    public double WarmupRatio { get; init; } = 1e-6;

    /// <summary>Factors of parameters by parts of their names.</summary>
    public IReadOnlyDictionary<string, CustomKey> Keys { get; init; } = new Dictionary<string, CustomKey>();

    /// <summary>That of PolaFormer++ with LightHam (configs/PolaPP); <c>pos_block</c> is in no name, as in the authors' code.</summary>
    public static SegmentationRecipe PlusPlus { get; } = new()
    {
        Keys = new Dictionary<string, CustomKey> { ["pos_block"] = new(DecayFactor: 0), ["norm"] = new(DecayFactor: 0), ["head"] = new(RateFactor: 10) },
    };

    /// <summary>That of Pola-PVT with Semantic FPN: PVT's, with the rates of PolaFormer's appendix A.2.</summary>
    public static SegmentationRecipe PvtSemanticFpn { get; } = new()
    {
        Iterations = 40_000,
        BatchSize = 32,
        Interval = 4000,
        LearningRate = 2e-4,
        WeightDecay = 1e-3,
        Power = 0.9,
        WarmupIterations = 0,
    };

    /// <summary>That of Pola-Swin with UperNet: Swin's, with the rates of PolaFormer's appendix A.2.</summary>
    public static SegmentationRecipe SwinUperNet { get; } = new()
    {
        BatchSize = 16,
        Interval = 16_000,
        LearningRate = 2e-4,
        WeightDecay = 1e-3,
        Keys = new Dictionary<string, CustomKey> { ["absolute_pos_embed"] = new(DecayFactor: 0), ["relative_position_bias_table"] = new(DecayFactor: 0), ["norm"] = new(DecayFactor: 0) },
    };

    /// <summary>Sets the keys of a recipe.</summary>
    public void ApplyTo(TrainingConfig config)
    {
        (config.Data.Dataset, config.Data.BatchSize, config.Data.ImgSize) = ("masks", BatchSize, 512);
        (config.Train.Epochs, config.Train.WarmupEpochs, config.Segmentation.StepsPerEpoch) = (Iterations / Interval, 0, Interval);
        (config.Train.BaseLr, config.Train.WeightDecay, config.Train.ClipGrad, config.Train.LrScheduler.Name) = (LearningRate, WeightDecay, null, "poly");
        (config.Segmentation.WarmupSteps, config.Segmentation.Power) = (WarmupIterations, Power);
    }

    /// <summary>What the trainer is told.</summary>
    /// <param name="task">What is trained; an epoch is its interval.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <exception cref="ArgumentException">The iterations are no whole number of intervals.</exception>
    public TrainerOptions ToOptions(SegmentationTask task, ulong seed = 0)
    {
        if (Iterations < 1 || Iterations % task.StepsPerEpoch != 0)
            throw new ArgumentException($"{Iterations} iterations are no whole number of intervals of {task.StepsPerEpoch}. Choose an interval that divides them.");
        return new TrainerOptions
        {
            Epochs = Iterations / task.StepsPerEpoch,
            Optimizer = new AdamW(new CustomKeys(Keys).Split(task.Network, WeightDecay)),
            Schedule = new PolySchedule(LearningRate, Iterations, Power, 0, Math.Min(WarmupIterations, Iterations), WarmupRatio),
            Seed = seed,
        };
    }
}
