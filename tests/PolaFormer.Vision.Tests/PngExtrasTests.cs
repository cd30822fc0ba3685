using System.Buffers.Binary;
using System.IO.Compression;
using PolaFormer.Files;
using PolaFormer.Vision.Decoding;

namespace PolaFormer.Vision.Tests;

/// <summary>Texts and colour profiles of a PNG are not unpacked: a megabyte of them may be a gigabyte.</summary>
public class PngExtrasTests
{
    private static readonly byte[] s_packed = Pack(new byte[10_000]);

    [Theory]
    [InlineData("zTXt", false)]
    [InlineData("iTXt", false)]
    [InlineData("iCCP", false)]
    [InlineData("zTXt", true)]
    [InlineData("iTXt", true)]
    [InlineData("zzZz", false)]
    public void TheLibraryIsNotGivenThem(string name, bool behindTheImage)
    {
        byte[] body = name == "iTXt" ? [.. "a\0"u8, 1, 0, 0, 0, .. s_packed] : [.. "a\0\0"u8, .. s_packed];
        byte[] extra = [.. Chunk(name, body), .. Chunk(name, [(byte)'b', .. body])];
        byte[] png = Png(behindTheImage ? [] : extra, behindTheImage ? extra : []);
        using Image image = ImageDecoder.Decode(png);
        Assert.Equal((8, 8, (byte)1), (image.Width, image.Height, image.Pixels[0]));
        Assert.Equal(Png([], []), PngChunks.WithoutExtras(png));
    }

    [Theory]
    [InlineData("tEXt")]
    [InlineData("zTXt")]
    [InlineData("iCCP")]
    [InlineData("gAMA")]
    public void DamagedOnesDoNoHarm(string name)
    {
        byte[] png = Png(Chunk(name, [1, 2, 3]), []);
        using Image image = ImageDecoder.Decode(png);
        Assert.Equal(1, image.Pixels[0]);
    }

    private static byte[] Png(byte[] before, byte[] after) =>
    [
        0x89, .. "PNG\r\n"u8, 26, 10, .. Chunk("IHDR", [0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0]), .. before,
        .. Chunk("IDAT", Pack([.. Enumerable.Repeat((byte[])[0, .. Enumerable.Repeat((byte)1, 24)], 8).SelectMany(row => row)])), .. after, .. Chunk("IEND", []),
    ];

    private static byte[] Chunk(string name, byte[] body)
    {
        byte[] named = [.. System.Text.Encoding.ASCII.GetBytes(name), .. body];
        byte[] length = new byte[4], checksum = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length);
        BinaryPrimitives.WriteUInt32BigEndian(checksum, Crc32.Append(0, named));
        return [.. length, .. named, .. checksum];
    }

    private static byte[] Pack(byte[] data)
    {
        using var result = new MemoryStream();
        using (var stream = new ZLibStream(result, CompressionLevel.Optimal))
            stream.Write(data);
        return result.ToArray();
    }
}
