using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>WebP through libwebp: lossy and lossless stills; alpha is dropped.</summary>
internal static unsafe class WebPDecoder
{
    private const int RiffHeaderBytes = 12;
    private const int AnimationFlag = 2;

    public static bool Matches(ReadOnlySpan<byte> data) =>
        data.Length > RiffHeaderBytes && data.StartsWith("RIFF"u8) && data[8..].StartsWith("WEBP"u8);

    public static Image Decode(ReadOnlySpan<byte> data, ImageDecodeOptions options, out int orientation)
    {
        if (IsAnimated(data))
            throw new ImageException("WebP: animations are not supported, only still images");
        NativeCodec.WebP.Require();
        fixed (byte* source = data)
        {
            int width, height;
            if (LibWebP.GetInfo(source, (nuint)data.Length, &width, &height) == 0)
                throw new ImageException("WebP: broken header");
            ImageDecoder.CheckSize(width, height, options);
            orientation = options.ApplyExifOrientation ? ReadOrientation(data) : 1;
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

    private static bool IsAnimated(ReadOnlySpan<byte> data) =>
        data[RiffHeaderBytes..].StartsWith("VP8X"u8) && data.Length > 20 && (data[20] & AnimationFlag) != 0;

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
