namespace PolaFormer.Models;

/// <summary>A registered architecture.</summary>
/// <param name="Name">Name on the command line and in configurations.</param>
/// <param name="ImageSize">Side of the images that it is published for, in pixels.</param>
/// <param name="NumClasses">Width of the logits that it is published with.</param>
/// <param name="Factory">Makes the network, weights undefined, for an image size and a number of classes.</param>
public sealed record ModelEntry(string Name, int ImageSize, int NumClasses, Func<ModelOptions, VisionModel> Factory)
{
    /// <summary>Parameters in millions as the paper or the authors' README states them; null where it states none.</summary>
    public double? PaperParameters { get; init; }

    /// <summary>Multiply-accumulates in units of 10⁹ as the paper or the authors' README states them; null where it states none.</summary>
    public double? PaperMacs { get; init; }

    /// <summary>Makes the network with undefined weights, as published where an option is not set.</summary>
    public VisionModel Create(ModelOptions? options = null) => Factory(new ModelOptions
    {
        ImageSize = options?.ImageSize ?? ImageSize,
        NumClasses = options?.NumClasses ?? NumClasses,
        DropPathRate = options?.DropPathRate,
    });

    /// <summary>An architecture of a Pola-PVT's configuration.</summary>
    public static ModelEntry Of(string name, PolaPvtConfig config) => new(name, config.ImageSize, config.NumClasses, options => new PolaPvt(config with
    {
        ImageSize = options.ImageSize ?? config.ImageSize,
        NumClasses = options.NumClasses ?? config.NumClasses,
        DropPathRate = options.DropPathRate ?? config.DropPathRate,
    }));

    /// <summary>An architecture of a Pola-Swin's configuration.</summary>
    public static ModelEntry Of(string name, PolaSwinConfig config) => new(name, config.ImageSize, config.NumClasses, options => new PolaSwin(config with
    {
        ImageSize = options.ImageSize ?? config.ImageSize,
        NumClasses = options.NumClasses ?? config.NumClasses,
        DropPathRate = options.DropPathRate ?? config.DropPathRate,
    }));

    /// <summary>An architecture of a PolaFormer++'s configuration.</summary>
    public static ModelEntry Of(string name, PolaFormerPlusPlusConfig config) => new(name, config.ImageSize, config.NumClasses, options => new PolaFormerPlusPlus(config with
    {
        ImageSize = options.ImageSize ?? config.ImageSize,
        NumClasses = options.NumClasses ?? config.NumClasses,
        DropPathRate = options.DropPathRate ?? config.DropPathRate,
    }));
}
