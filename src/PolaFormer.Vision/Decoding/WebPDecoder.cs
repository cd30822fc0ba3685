using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>WebP through libwebp, or SkiaSharp without it: lossy and lossless pictures, and the first frame of animations on a black canvas; alpha is dropped.</summary>
internal static unsafe class WebPDecoder
{
    private const int RiffHeaderBytes = 12;

    public static bool Matches(ReadOnlySpan<byte> data) =>
        data.Length > RiffHeaderBytes && data.StartsWith("RIFF"u8) && data[8..].StartsWith("WEBP"u8);

    public static Image Decode(ReadOnlySpan<byte> data, ImageDecodeOptions options, out int orientation)
    {
        orientation = options.ApplyExifOrientation ? ReadOrientation(data) : 1;
        if (!WebPFrame.IsAnimated(data))
            return DecodeStill(data, options);
        WebPFrame frame = WebPFrame.Read(data);
        ImageDecoder.CheckSize(frame.CanvasWidth, frame.CanvasHeight, options);
        Image picture = DecodeStill(frame.File, options);
        if (picture.Width != frame.Width || picture.Height != frame.Height)
            throw new ImageException($"WebP: a frame of {frame.Width}×{frame.Height} holds a picture of {picture.Width}×{picture.Height}");
        if (frame.Width == frame.CanvasWidth && frame.Height == frame.CanvasHeight)
            return picture;
        using (picture)
        {
            var image = new Image(frame.CanvasWidth, frame.CanvasHeight);
            image.Pixels.Clear();
            for (int y = 0; y < picture.Height; y++)
                picture.Row(y).CopyTo(image.Row(frame.Top + y)[(frame.Left * Image.Channels)..]);
            return image;
        }
    }

    private static Image DecodeStill(ReadOnlySpan<byte> data, ImageDecodeOptions options)
    {
        if (!NativeCodec.WebP.IsUsed)
            return SkiaCodec.Decode(data, "WebP", options);
        fixed (byte* source = data)
        {
            int width, height;
            if (LibWebP.GetInfo(source, (nuint)data.Length, &width, &height) == 0)
                throw new ImageException("WebP: broken header");
            ImageDecoder.CheckSize(width, height, options);
            var image = new Image(width, height);
            fixed (byte* pixels = image.Pixels)
            {
                if (LibWebP.DecodeRgbInto(source, (nuint)data.Length, pixels, (nuint)image.Pixels.Length, image.Stride) != 0)
                    return image;
            }
            image.Dispose();
            throw new ImageException("WebP: the image data are damaged or truncated");
        }
    }

    private static int ReadOrientation(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> rest = data[RiffHeaderBytes..];
        while (rest.Length >= 8)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            if (length > rest.Length - 8)
                return 1;
            ReadOnlySpan<byte> body = rest.Slice(8, (int)length);
            if (rest.StartsWith("EXIF"u8))
                return ExifOrientation.Read(body.StartsWith("Exif\0\0"u8) ? body[6..] : body);
            // Chunks are padded to an even length.
            rest = rest[Math.Min(rest.Length, 8 + (int)length + ((int)length & 1))..];
        }
        return 1;
    }
}
