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
}
