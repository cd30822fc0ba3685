using PolaFormer.Segmentation.Training;

namespace PolaFormer.Detection.Configuration;

/// <summary>How a published detector is trained; 16 images a step.</summary>
public sealed record DetectionRecipe
{
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

    /// <summary>The 3x schedule of a recipe.</summary>
    public DetectionRecipe Long => this with { Epochs = 36, RateEpochs = [27, 33], IsMultiScale = true };
}
