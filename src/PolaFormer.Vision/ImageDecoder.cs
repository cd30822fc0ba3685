using Microsoft.Win32.SafeHandles;
using PolaFormer.Files;
using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Decoding;

namespace PolaFormer.Vision;

/// <summary>
/// Decodes JPEG, PNG, WebP, GIF, BMP, TIFF, PPM and ICO to RGB; of several pictures in a file the first, of an icon's the largest. The format
/// is told by the content, not by the file's name. The pixels equal those of Pillow's <c>convert("RGB")</c>: gray is replicated, alpha dropped without compositing, 16 bits cut to the upper 8 (16-bit gray is
/// clipped at 255), CMYK taken as Adobe's inverted form.
/// </summary>
public static class ImageDecoder
{
    /// <summary>Longer sides are refused: resizing takes memory for the longer side times the new size, however few pixels there are.</summary>
    private const int MaxSide = 1 << 18;

    /// <summary>Decodes a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits and orientation; <see cref="ImageDecodeOptions.Default"/> when absent.</param>
    /// <exception cref="ImageException">The file cannot be read or is no intact image; the message begins with the path.</exception>
    public static Image Decode(string path, ImageDecodeOptions? options = null)
    {
        byte[] data = ReadFile(path, (options ?? ImageDecodeOptions.Default).ByteLimit);
        try
        {
            return Decode(data, options);
        }
        catch (ImageException error)
        {
            throw new ImageException($"{RawPath.Readable(path)}: {error.Message}", error);
        }
    }

    /// <summary>Decodes what a stream holds from where it is to its end; the stream stays open.</summary>
    /// <param name="stream">The whole file.</param>
    /// <param name="options">Limits and orientation; <see cref="ImageDecodeOptions.Default"/> when absent.</param>
    /// <param name="name">What messages begin with.</param>
    /// <exception cref="ImageException">The stream breaks off, exceeds a limit, or holds no intact image of a known format.</exception>
    public static Image Decode(Stream stream, ImageDecodeOptions? options = null, string name = "the stream")
    {
        options ??= ImageDecodeOptions.Default;
        try
        {
            return Decode(InputStream.ReadAllBytes(stream, name, options.ByteLimit).Span, options);
        }
        catch (FileException error)
        {
            throw new ImageException(error.Message, error);
        }
        catch (ImageException error)
        {
            throw new ImageException($"{name}: {error.Message}", error);
        }
    }

    /// <summary>Decodes an image held in memory.</summary>
    /// <param name="data">The whole file.</param>
    /// <param name="options">Limits and orientation; <see cref="ImageDecodeOptions.Default"/> when absent.</param>
    /// <exception cref="ImageException">The data are no intact image of a known format, or exceed the pixel limit.</exception>
    public static Image Decode(ReadOnlySpan<byte> data, ImageDecodeOptions? options = null)
    {
        options ??= ImageDecodeOptions.Default;
        Image image;
        int orientation;
        if (JpegHeader.Matches(data))
            image = JpegDecoder.Decode(data, options, out orientation);
        else if (PngChunks.Matches(data))
            image = PngDecoder.Decode(data, options, out orientation);
        else if (WebPDecoder.Matches(data))
            image = WebPDecoder.Decode(data, options, out orientation);
        else
            (image, orientation) = (DecodeManaged(data, options), 1);

        if (!options.ApplyExifOrientation || orientation is <= 1 or > 8)
            return image;
        using (image)
            return Orientation.Apply(image, orientation);
    }

    /// <summary>The formats that are decoded here, and know no orientation but their own.</summary>
    private static Image DecodeManaged(ReadOnlySpan<byte> data, ImageDecodeOptions options)
    {
        if (GifDecoder.Matches(data))
            return GifDecoder.Decode(data, options);
        if (BmpDecoder.Matches(data))
            return BmpDecoder.Decode(data, options);
        if (TiffDirectory.Matches(data))
            return TiffDecoder.Decode(data, options);
        if (PnmDecoder.Matches(data))
            return PnmDecoder.Decode(data, options);
        if (IcoDecoder.Matches(data))
            return IcoDecoder.Decode(data, options);
        throw new ImageException(data.IsEmpty ? "the file is empty" : "not a JPEG, PNG, WebP, GIF, BMP, TIFF, PPM or ICO image");
    }

    /// <summary>The bytes of an image file; what goes wrong becomes an <see cref="ImageException"/>.</summary>
    internal static byte[] ReadFile(string path, long? maxBytes = null)
    {
        long most = maxBytes ?? ImageDecodeOptions.Default.ByteLimit;
        try
        {
            if (!RawPath.Has(path))
                return InputFile.ReadAllBytes(path, most);
            using SafeFileHandle place = RawPath.Hold(path, out string name);
            return InputFile.ReadAllBytes(name, most);
        }
        catch (FileException error)
        {
            throw new ImageException(RawPath.Has(path) ? $"{RawPath.Readable(path)} ({error.Message})" : error.Message, error);
        }
    }

    /// <summary>Refuses sizes that are empty or above the limit, before any memory is taken.</summary>
    internal static void CheckSize(long width, long height, ImageDecodeOptions options)
    {
        if (width <= 0 || height <= 0)
            throw new ImageException($"the header says {width}×{height} pixels");
        long limit = Math.Min(options.PixelLimit, Image.MaxPixels);
        if (width > limit || height > limit || width * height > limit)
            throw new ImageException($"{width}×{height} pixels exceed the limit of {limit} pixels");
        if (Math.Max(width, height) > MaxSide)
            throw new ImageException($"{width}×{height} pixels: a side is longer than {MaxSide}");
    }
}
