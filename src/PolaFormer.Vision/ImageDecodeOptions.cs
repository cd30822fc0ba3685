namespace PolaFormer.Vision;

/// <summary>How <see cref="ImageDecoder"/> treats a file.</summary>
public sealed record ImageDecodeOptions
{
    /// <summary>No orientation applied, full size: what the authors' evaluation sees.</summary>
    public static ImageDecodeOptions Default { get; } = new();

    /// <summary>The orientation noted by the camera is applied: for people's photographs.</summary>
    public static ImageDecodeOptions Photograph { get; } = new() { ApplyExifOrientation = true };

    /// <summary>Files and streams of more bytes are refused: files unread, streams when they go beyond it.</summary>
    public long ByteLimit { get; init; } = 1L << 30;

    /// <summary>Images of more pixels (width · height) are refused before memory is taken. The default, 178,956,970, is where Pillow refuses (twice its warning limit of 1 GiB / 4 / 3).</summary>
    public long PixelLimit { get; init; } = 178_956_970;

    /// <summary>Whether the EXIF orientation (1 to 8) is applied to the pixels.</summary>
    public bool ApplyExifOrientation { get; init; }

    /// <summary>
    /// When given, a JPEG is decoded fast instead of exactly: at 1/2, 1/4 or 1/8 of its size where the shorter side is still at least this many
    /// pixels, and with subsampled colours repeated instead of interpolated. Other formats ignore it.
    /// </summary>
    public int? MinimumSize { get; init; }
}
