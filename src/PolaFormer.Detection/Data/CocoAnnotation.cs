using PolaFormer.Detection.Evaluation;
using PolaFormer.Detection.Masks;

namespace PolaFormer.Detection.Data;

/// <summary>An object of an image as the file has it.</summary>
public sealed record CocoAnnotation
{
    /// <summary>Its number.</summary>
    public long Id { get; init; }

    /// <summary>The number of its category.</summary>
    public required long Category { get; init; }

    /// <summary>Left, top, width and height in pixels.</summary>
    public required (double X, double Y, double Width, double Height) Box { get; init; }

    /// <summary>Pixels.</summary>
    public double Area { get; init; }

    /// <summary>Whether it is a region of many objects.</summary>
    public bool IsCrowd { get; init; }

    /// <summary>Whether it is to be left out.</summary>
    public bool IsIgnored { get; init; }

    /// <summary>Its polygons; null where the mask is given by runs, or there is none.</summary>
    public IReadOnlyList<double[]>? Polygons { get; init; }

    /// <summary>Its runs; null where the mask is given by polygons, or there is none.</summary>
    public RunLengthMask? Runs { get; init; }

    /// <summary>The mask of an image's size; null without.</summary>
    public RunLengthMask? MaskOf(int height, int width) => Runs ?? (Polygons is { Count: > 0 } parts ? Polygon.Rasterize(parts, height, width) : null);

    /// <summary>As the evaluation sees it.</summary>
    public EvaluatedObject ToEvaluated(CocoImage image, bool hasMask) => new()
    {
        Image = image.Id,
        Category = Category,
        Id = Id,
        Box = Box,
        Area = Area,
        IsCrowd = IsCrowd,
        Mask = hasMask ? MaskOf(image.Height, image.Width) ?? RunLengthMask.FromBox(Box.X, Box.Y, Box.Width, Box.Height, image.Height, image.Width) : null,
    };
}
