using System.Runtime.InteropServices;

namespace PolaFormer.Vision.Decoding;

/// <summary>
/// JPEG through TurboJPEG, or SkiaSharp without it, with its defaults (accurate integer DCT, smooth upsampling), the same as Pillow's. Damaged entropy-coded
/// data decode to what is left, as in Pillow; a file that ends early is an error.
/// </summary>
internal static unsafe class JpegDecoder
{
    public static Image Decode(ReadOnlySpan<byte> data, ImageDecodeOptions options, out int orientation)
    {
        JpegHeader header = JpegHeader.Read(data);
        orientation = header.Orientation;
        ImageDecoder.CheckSize(header.Width, header.Height, options);
        if (!NativeCodec.TurboJpeg.IsUsed)
            return DecodeBySkia(data, header, options);

        nint handle = TurboJpeg.InitDecompress();
        if (handle == 0)
            throw new ImageException("JPEG: the decoder could not be started");
        try
        {
            fixed (byte* source = data)
            {
                CheckAgainstLibrary(handle, source, data.Length, header);
                (int width, int height) = ScaledSize(header, options.MinimumSize);
                int flags = options.MinimumSize is null ? TurboJpeg.FlagLimitScans : TurboJpeg.FlagLimitScans | TurboJpeg.FlagFastUpsample | TurboJpeg.FlagFastDct;
                return header.Components == 4
                    ? DecodeCmyk(handle, source, data, header, width, height, flags)
                    : DecodeRgb(handle, source, data, header, width, height, flags);
            }
        }
        finally
        {
            TurboJpeg.Destroy(handle);
        }
    }

    /// <summary>SkiaSharp does not tell damage that it passes over: a file must have an end, and no more scans than TurboJPEG allows.</summary>
    private static Image DecodeBySkia(ReadOnlySpan<byte> data, JpegHeader header, ImageDecodeOptions options)
    {
        if (!header.HasEnd(data))
            throw new ImageException("JPEG: the file is truncated");
        header.CheckBehindFirstScan(data);
        if (data[header.ScanOffset..].Count(JpegHeader.StartOfScanMarker) > TurboJpeg.MostScans)
            throw new ImageException($"JPEG: more than {TurboJpeg.MostScans} scans");
        Image image = SkiaCodec.Decode(data, "JPEG", options, options.MinimumSize);
        if (options.MinimumSize is not null || (image.Width == header.Width && image.Height == header.Height))
            return image;
        image.Dispose();
        throw new ImageException("JPEG: more than one frame header");
    }

    /// <summary>The library must see the frame that we checked. Its other complaints come again, and clearer, when decoding.</summary>
    private static void CheckAgainstLibrary(nint handle, byte* source, int length, JpegHeader header)
    {
        int width = 0, height = 0, subsampling, colorspace;
        int result = TurboJpeg.DecompressHeader(handle, source, new CULong((nuint)length), &width, &height, &subsampling, &colorspace);
        if (width != header.Width || height != header.Height)
            throw new ImageException(result != 0 ? $"JPEG: {TurboJpeg.Message(handle)}" : "JPEG: more than one frame header");
    }

    /// <summary>The smallest of the scales 1/8, 1/4, 1/2 and 1 whose shorter side reaches the minimum; the library is slower at those in between than at 1.</summary>
    private static (int Width, int Height) ScaledSize(JpegHeader header, int? minimum)
    {
        for (int scale = minimum is null ? 1 : 8; scale > 1; scale /= 2)
        {
            int width = (header.Width + scale - 1) / scale, height = (header.Height + scale - 1) / scale;
            if (Math.Min(width, height) >= minimum)
                return (width, height);
        }
        return (header.Width, header.Height);
    }

    private static Image DecodeRgb(nint handle, byte* source, ReadOnlySpan<byte> data, JpegHeader header, int width, int height, int flags)
    {
        var image = new Image(width, height);
        try
        {
            fixed (byte* pixels = image.Pixels)
                Run(handle, source, data, header, pixels, width, image.Stride, height, TurboJpeg.PixelFormatRgb, flags);
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>Four components are read as Adobe writes them, inverted, then converted.</summary>
    private static Image DecodeCmyk(nint handle, byte* source, ReadOnlySpan<byte> data, JpegHeader header, int width, int height, int flags)
    {
        nuint bytes = (nuint)width * (nuint)height * 4;
        byte* inks = (byte*)NativeMemory.Alloc(bytes);
        try
        {
            Run(handle, source, data, header, inks, width, width * 4, height, TurboJpeg.PixelFormatCmyk, flags);
            var image = new Image(width, height);
            Span<byte> pixels = image.Pixels;
            byte* ink = inks;
            for (int i = 0; i < pixels.Length; i += Image.Channels, ink += 4)
                CmykColor.ToRgb((byte)~ink[0], (byte)~ink[1], (byte)~ink[2], (byte)~ink[3], pixels[i..]);
            return image;
        }
        finally
        {
            NativeMemory.Free(inks);
        }
    }

    /// <summary>A damaged file is decoded as far as it goes, but it must have an end.</summary>
    private static void Run(nint handle, byte* source, ReadOnlySpan<byte> data, JpegHeader header, byte* output, int width, int pitch, int height, int format, int flags)
    {
        // The library writes at most width × height pixels, whatever the data say: it fails when no scale fits these.
        if (TurboJpeg.Decompress(handle, source, new CULong((nuint)data.Length), output, width, pitch, height, format, flags) == 0)
            return;
        string message = TurboJpeg.Message(handle);
        if (TurboJpeg.GetErrorCode(handle) != TurboJpeg.ErrorIsWarning || !TurboJpeg.IsWarning(message))
            throw new ImageException($"JPEG: {message}");
        if (!header.HasEnd(data))
            throw new ImageException("JPEG: the file is truncated");
    }
}
