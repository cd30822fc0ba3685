using PolaFormer.Detection.Training;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Detection.Configuration;

/// <summary>How a published detector is trained; 16 images a step.</summary>
public sealed record DetectionRecipe
{
    /// <summary>Images of a step that the published rates are for.</summary>
    public const int ImagesOfAStep = 16;

    /// <summary>Parts of names whose parameters are spared weight decay, where norms are.</summary>
    public static IReadOnlyDictionary<string, CustomKey> SparedKeys { get; } = new Dictionary<string, CustomKey>
    {
        ["absolute_pos_embed"] = new(DecayFactor: 0),
        ["relative_position_bias_table"] = new(DecayFactor: 0),
        ["norm"] = new(DecayFactor: 0),
    };

    /// <summary>Epochs: 12 (1x) or 36 (3x).</summary>
    public int Epochs { get; init; } = 12;

    /// <summary>Epochs from which on the learning rate is a tenth.</summary>
    public IReadOnlyList<int> RateEpochs { get; init; } = [8, 11];

    /// <summary>Steps of the warm-up.</summary>
    public int WarmupSteps { get; init; } = 500;

    /// <summary>Learning rate at 16 images a step.</summary>
    public double BaseRate { get; init; } = 1e-4;

    /// <summary>Weight decay.</summary>
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Whether norms and position tables are spared weight decay.</summary>
    public bool SparesNorms { get; init; } = true;

    /// <summary>Whether images have many sizes and are cropped.</summary>
    public bool IsMultiScale { get; init; }

    /// <summary>Momentum of stochastic gradient descent; null for AdamW.</summary>
    public double? Momentum { get; init; }

    /// <summary>Whether the rate falls to 0 over the whole run, instead of to a tenth at <see cref="RateEpochs"/>.</summary>
    public bool FallsSteadily { get; init; }

    /// <summary>The 3x schedule of a recipe.</summary>
    public DetectionRecipe Long => this with { Epochs = 36, RateEpochs = [27, 33], IsMultiScale = true };

    /// <summary>Sets the keys of a recipe.</summary>
    public void ApplyTo(TrainingConfig config)
    {
        (config.Data.Dataset, config.Data.BatchSize, config.Data.ImgSize) = ("objects", 2, 800);
        (config.Train.Epochs, config.Train.WarmupEpochs) = (Epochs, 0);
        (config.Train.BaseLr, config.Train.WeightDecay, config.Train.ClipGrad, config.Train.LrScheduler.Name) = (BaseRate, WeightDecay, null, "milestones");
        (config.Detection.WarmupSteps, config.Detection.MultiScale) = (WarmupSteps, IsMultiScale);
        if (Momentum is { } momentum)
            (config.Train.Optimizer.Name, config.Train.Optimizer.Momentum) = ("sgd", momentum);
    }

    /// <summary>What the trainer is told.</summary>
    /// <param name="task">What is trained.</param>
    /// <param name="seed">Seed of the run.</param>
    public TrainerOptions ToOptions(DetectionTask task, ulong seed = 0)
    {
        // Which parameters are spared depends on mmdetection's names.
        var keys = new CustomKeys(SparesNorms ? SparedKeys : new Dictionary<string, CustomKey>());
        Dictionary<NN.Parameter, string> names = MmdetState.Of(task.Network).SelectMany(entry => entry.Tensors.OfType<NN.Parameter>().Select(parameter => (parameter, entry.Name))).ToDictionary();
        ParameterGroup[] groups =
        [
            .. task.Network.NamedParameters().Where(entry => entry.Parameter.RequiresGrad)
                .GroupBy(entry => keys.Of(names[entry.Parameter]).DecayFactor)
                .Select(group => new ParameterGroup([.. group], WeightDecay * group.Key)),
        ];
        return new TrainerOptions
        {
            Epochs = Epochs,
            Optimizer = Momentum is { } momentum ? new Sgd(groups, momentum, nesterov: false) : new AdamW(groups),
            Schedule = FallsSteadily
                ? new PolySchedule(BaseRate, (long)Epochs * task.StepsPerEpoch, WarmupSteps: WarmupSteps)
                : new EpochStepSchedule(BaseRate, task.StepsPerEpoch, RateEpochs, WarmupSteps),
            Seed = seed,
        };
    }
}
