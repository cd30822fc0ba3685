using System.IO.Compression;

namespace PolaFormer.Vision.Decoding;

/// <summary>How the bytes of a TIFF's strips and tiles are packed.</summary>
internal static unsafe class TiffCompression
{
    private const int None = 1, Lzw = 5, Deflate = 8, OldDeflate = 32946, PackBits = 32773;

    /// <summary>Refuses what <see cref="Unpack"/> cannot do.</summary>
    public static void Check(long method)
    {
        if (method is None or Lzw or Deflate or OldDeflate or PackBits)
            return;
        string name = method switch { 2 or 3 or 4 => "CCITT fax", 6 or 7 => "JPEG", 34712 => "JPEG 2000", 34925 => "LZMA", 50000 => "Zstandard", 50001 => "WebP", _ => $"method {method}" };
        throw new ImageException($"TIFF: packed with {name}, which is not read, only LZW, Deflate and PackBits. Convert it to PNG");
    }

    /// <summary>Whether <see cref="TiffTag.Predictor"/> has a meaning.</summary>
    public static bool MayBePredicted(long method) => method is Lzw or Deflate or OldDeflate;

    /// <summary>How many bytes one packed byte can become.</summary>
    public static int MaxInflation(long method) => method switch { None => 1, PackBits => 64, Lzw => 4096, _ => 1032 };

    /// <summary>Fills a buffer; what is left over of the packed bytes is not looked at.</summary>
    /// <exception cref="ImageException">There is not enough for the whole buffer, or it is damaged.</exception>
    public static void Unpack(long method, ReadOnlySpan<byte> packed, Span<byte> target)
    {
        switch (method)
        {
            case None:
                if (packed.Length < target.Length)
                    throw Truncated();
                packed[..target.Length].CopyTo(target);
                break;
            case Lzw:
                TiffLzw.Unpack(packed, target);
                break;
            case PackBits:
                UnpackBits(packed, target);
                break;
            default:
                Inflate(packed, target);
                break;
        }
    }

    public static ImageException Truncated() => new("TIFF: the image data are truncated");

    /// <summary>A count, then so many literal bytes, or one byte to repeat.</summary>
    private static void UnpackBits(ReadOnlySpan<byte> packed, Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            if (packed.Length < 2)
                throw Truncated();
            int count = (sbyte)packed[0];
            if (count >= 0)
            {
                int length = Math.Min(count + 1, target.Length);
                if (length > packed.Length - 1)
                    throw Truncated();
                packed.Slice(1, length).CopyTo(target);
                packed = packed[Math.Min(count + 2, packed.Length)..];
                target = target[length..];
            }
            else if (count == sbyte.MinValue)
            {
                packed = packed[1..];
            }
            else
            {
                int length = Math.Min(1 - count, target.Length);
                target[..length].Fill(packed[1]);
                packed = packed[2..];
                target = target[length..];
            }
        }
    }

    private static void Inflate(ReadOnlySpan<byte> packed, Span<byte> target)
    {
        try
        {
            fixed (byte* source = packed)
            {
                using var stream = new ZLibStream(new UnmanagedMemoryStream(source, packed.Length), CompressionMode.Decompress);
                stream.ReadExactly(target);
            }
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new ImageException("TIFF: the image data are damaged or truncated", error);
        }
    }
}
