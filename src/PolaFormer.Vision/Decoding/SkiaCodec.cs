using SkiaSharp;

namespace PolaFormer.Vision.Decoding;

/// <summary>
/// JPEG and WebP through SkiaSharp, for machines without the codec libraries of the system. Its pixels equal theirs; it accepts more damaged
/// files, so the callers check headers and ends first.
/// </summary>
internal static unsafe class SkiaCodec
{
    private const int RgbaChannels = 4;

    /// <summary>Decodes a picture; transparency is dropped.</summary>
    /// <param name="data">The file.</param>
    /// <param name="format">Its name, for messages.</param>
    /// <param name="options">Limits.</param>
    /// <param name="minimum">JPEG: the shorter side that a reduced picture must reach; null for the whole size.</param>
    /// <exception cref="ImageException">The data are damaged or end early.</exception>
    public static Image Decode(ReadOnlySpan<byte> data, string format, ImageDecodeOptions options, int? minimum = null)
    {
        fixed (byte* bytes = data)
        {
            using SKData file = SKData.Create((nint)bytes, data.Length);
            using SKCodec codec = SKCodec.Create(file) ?? throw new ImageException($"{format}: broken header");
            ImageDecoder.CheckSize(codec.Info.Width, codec.Info.Height, options);
            SKSizeI size = ScaledSize(codec, minimum);
            var rgba = new SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul, null);
            byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(size.Width * size.Height * RgbaChannels));
            fixed (byte* output = pixels)
            {
                SKCodecResult result = codec.GetPixels(rgba, (nint)output);
                if (result != SKCodecResult.Success)
                    throw new ImageException($"{format}: the image data are {(result == SKCodecResult.IncompleteInput ? "truncated" : "damaged")}");
            }

            var image = new Image(size.Width, size.Height);
            WithoutAlpha(pixels, image.Pixels);
            return image;
        }
    }

    /// <summary>An image as a PNG file.</summary>
    public static byte[] Png(Image image)
    {
        byte[] rgba = new byte[checked(image.Width * image.Height * RgbaChannels)];
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int from = 0, to = 0; from < pixels.Length; from += Image.Channels, to += RgbaChannels)
        {
            pixels.Slice(from, Image.Channels).CopyTo(rgba.AsSpan(to));
            rgba[to + Image.Channels] = byte.MaxValue;
        }

        fixed (byte* source = rgba)
        {
            using var pixmap = new SKPixmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), (nint)source);
            using SKData file = pixmap.Encode(SKPngEncoderOptions.Default) ?? throw new ImageException("PNG: the encoder refuses the image");
            return file.ToArray();
        }
    }

    // As JpegDecoder: the smallest of 1/8, 1/4, 1/2 and 1 whose shorter side reaches the minimum.
    private static SKSizeI ScaledSize(SKCodec codec, int? minimum)
    {
        for (int scale = minimum is null ? 1 : 8; scale > 1; scale /= 2)
        {
            SKSizeI size = codec.GetScaledDimensions(1f / scale);
            if (Math.Min(size.Width, size.Height) >= minimum)
                return size;
        }

        return new SKSizeI(codec.Info.Width, codec.Info.Height);
    }

    private static void WithoutAlpha(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (int from = 0, to = 0; to < rgb.Length; from += RgbaChannels, to += Image.Channels)
            rgba.Slice(from, Image.Channels).CopyTo(rgb[to..]);
    }
}
