namespace PolaFormer.Vision.Datasets;

/// <summary>An image as a dataset stores it, and its class.</summary>
/// <param name="Data">The whole image file; where <paramref name="PixelSize"/> is given, Height · Width · 3 bytes, RGB interleaved.</param>
/// <param name="Label">Position of its class.</param>
/// <param name="Name">Where it comes from, for messages.</param>
/// <param name="PixelSize">Size in pixels of an image that is stored decoded; null for an image file.</param>
public readonly record struct ImageSample(ReadOnlyMemory<byte> Data, int Label, string Name, (int Width, int Height)? PixelSize = null)
{
    /// <summary>The pixels.</summary>
    /// <param name="options">Limits and orientation of image files; <see cref="ImageDecodeOptions.Default"/> when absent.</param>
    /// <exception cref="ImageException">The data are no intact image.</exception>
    public Image Decode(ImageDecodeOptions? options = null) =>
        PixelSize is { } size ? new Image(size.Width, size.Height, Data.Span) : ImageDecoder.Decode(Data.Span, options);
}
