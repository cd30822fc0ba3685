using PolaFormer.NN.Attention;

namespace PolaFormer.Models;

/// <summary>A registered architecture.</summary>
/// <param name="Name">Name on the command line and in configurations.</param>
/// <param name="Config">Its shape as published, with the image size and number of classes that it is published for.</param>
public sealed record ModelEntry(string Name, VisionModelConfig Config)
{
    /// <summary>Side of the images that it is published for, in pixels.</summary>
    public int ImageSize => Config.ImageSize;

    /// <summary>Width of the logits that it is published with.</summary>
    public int NumClasses => Config.NumClasses;

    /// <summary>Parameters in millions as the paper or the authors' README states them; null where it states none.</summary>
    public double? PaperParameters { get; init; }

    /// <summary>Multiply-accumulates in units of 10⁹ as the paper or the authors' README states them; null where it states none.</summary>
    public double? PaperMacs { get; init; }

    /// <summary>The configuration with options in the place of what is published.</summary>
    public VisionModelConfig ConfigFor(ModelOptions? options) => Config with
    {
        ImageSize = options?.ImageSize ?? Config.ImageSize,
        NumClasses = options?.NumClasses ?? Config.NumClasses,
        DropPathRate = options?.DropPathRate ?? Config.DropPathRate,
    };

    /// <summary>Makes the network with undefined weights, as published where an option is not set.</summary>
    public VisionModel Create(ModelOptions? options = null) => ConfigFor(options).Create();

    /// <summary>The architecture with another attention, for which no figures are published; itself for none.</summary>
    /// <param name="attention">Registered names, options behind them, one a stage or one for all; empty for the architecture's own.</param>
    public ModelEntry WithAttention(IReadOnlyList<string> attention)
    {
        string[] names = AttentionRegistry.Names(attention);
        return names.Length == 0 ? this : new ModelEntry($"{Name} ({string.Join(", ", names)})", Config with { Attention = names });
    }
}
