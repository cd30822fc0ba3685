namespace PolaFormer.Detection;

/// <summary>An image of a batch: its size before padding, and how it came from the photograph.</summary>
public sealed record ImageInfo
{
    /// <summary>Rows without padding.</summary>
    public required int Height { get; init; }

    /// <summary>Columns without padding.</summary>
    public required int Width { get; init; }

    /// <summary>Rows that belong to the padded image; anchors beyond are not trained.</summary>
    public required int PaddedHeight { get; init; }

    /// <summary>Columns that belong to the padded image.</summary>
    public required int PaddedWidth { get; init; }

    /// <summary>Rows of the photograph.</summary>
    public required int OriginalHeight { get; init; }

    /// <summary>Columns of the photograph.</summary>
    public required int OriginalWidth { get; init; }

    /// <summary>Columns of the image over columns of the photograph.</summary>
    public float ScaleX { get; init; } = 1;

    /// <summary>Rows of the image over rows of the photograph.</summary>
    public float ScaleY { get; init; } = 1;
}
