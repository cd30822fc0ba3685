using System.Buffers.Binary;
using System.IO.Compression;
using PolaFormer.Files;
using PolaFormer.Vision.Decoding;

namespace PolaFormer.Vision;

/// <summary>An image of one value a pixel, such as a map of classes, with a colour for each value where there is a palette.</summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Values">(Height, Width).</param>
/// <param name="Palette">Red, green and blue of each value; empty for none.</param>
public sealed record IndexedImage(int Width, int Height, byte[] Values, byte[] Palette)
{
    /// <summary>Reads a gray or palette PNG of at most 8 bits, whose values are left as they are; null for an image of another kind.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">The limit of pixels; <see cref="ImageDecodeOptions.Default"/> where null.</param>
    /// <exception cref="ImageException">The file cannot be read or is no intact PNG; the message begins with the path.</exception>
    public static IndexedImage? Read(string path, ImageDecodeOptions? options = null)
    {
        byte[] data = ImageDecoder.ReadFile(path);
        if (!PngChunks.Matches(data))
            return null;
        try
        {
            byte[]? values = PngDecoder.DecodeIndices(data, options ?? ImageDecodeOptions.Default, out int width, out int height, out byte[] palette);
            return values is null ? null : new IndexedImage(width, height, values, palette);
        }
        catch (ImageException error)
        {
            throw new ImageException($"{path}: {error.Message}", error);
        }
    }

    /// <summary>The image as a PNG file: of colour type 3 with a palette, else gray.</summary>
    /// <param name="compression">How the values are packed.</param>
    public byte[] ToPng(CompressionLevel compression = CompressionLevel.Optimal)
    {
        var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), Height);
        header[8] = 8;
        header[9] = (byte)(Palette.Length > 0 ? PngChunks.Palette : PngChunks.Gray);
        Chunk(file, "IHDR"u8, header);
        if (Palette.Length > 0)
            Chunk(file, "PLTE"u8, Palette);
        var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, compression, leaveOpen: true))
        {
            for (int y = 0; y < Height; y++)
            {
                zlib.WriteByte(0);
                zlib.Write(Values.AsSpan(y * Width, Width));
            }
        }

        Chunk(file, "IDAT"u8, packed.GetBuffer().AsSpan(0, (int)packed.Length));
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void Chunk(Stream file, ReadOnlySpan<byte> name, ReadOnlySpan<byte> body)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        file.Write(number);
        file.Write(name);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Append(Crc32.Append(0, name), body));
        file.Write(number);
    }
}
