using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Masks;
using PolaFormer.Vision;

namespace PolaFormer.Detection.Data;

/// <summary>A photograph with its objects on the way to a network: pixels, boxes and masks move together.</summary>
public sealed record AnnotatedImage
{
    /// <summary>The pixels.</summary>
    public required Image Image { get; init; }

    /// <summary>A box for each object.</summary>
    public required Box[] Boxes { get; init; }

    /// <summary>Its class.</summary>
    public required int[] Labels { get; init; }

    /// <summary>Regions of crowds.</summary>
    public Box[] Ignored { get; init; } = [];

    /// <summary>A mask for each object; null without.</summary>
    public InstanceMasks? Masks { get; init; }

    /// <summary>Rows of the photograph.</summary>
    public required int OriginalHeight { get; init; }

    /// <summary>Columns of the photograph.</summary>
    public required int OriginalWidth { get; init; }

    /// <summary>Columns over those before the last resizing.</summary>
    public float ScaleX { get; init; } = 1;

    /// <summary>Rows over those before the last resizing.</summary>
    public float ScaleY { get; init; } = 1;

    /// <summary>Whether left and right are exchanged.</summary>
    public bool IsFlipped { get; init; }

    /// <summary>A photograph of which nothing is known.</summary>
    public static AnnotatedImage Of(Image image) => new() { Image = image, Boxes = [], Labels = [], OriginalHeight = image.Height, OriginalWidth = image.Width };
}
