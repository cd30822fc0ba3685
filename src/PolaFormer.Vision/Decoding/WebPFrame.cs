using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>The first frame of an animated WebP: where it lies on the canvas, and its picture as a file of its own.</summary>
internal readonly ref struct WebPFrame
{
    private const int RiffHeaderBytes = 12, ChunkHeaderBytes = 8, CanvasBytes = 10, FrameBytes = 16, AnimationFlag = 2;

    public int CanvasWidth { get; private init; }

    public int CanvasHeight { get; private init; }

    public int Left { get; private init; }

    public int Top { get; private init; }

    public int Width { get; private init; }

    public int Height { get; private init; }

    /// <summary>A file of a still picture.</summary>
    public ReadOnlySpan<byte> File { get; private init; }

    public static bool IsAnimated(ReadOnlySpan<byte> data) =>
        data[RiffHeaderBytes..].StartsWith("VP8X"u8) && data.Length > 20 && (data[20] & AnimationFlag) != 0;

    /// <summary>Reads the chunks; all of them must be there, as Pillow demands.</summary>
    public static WebPFrame Read(ReadOnlySpan<byte> data)
    {
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
        if (size > data.Length - ChunkHeaderBytes || size < RiffHeaderBytes - ChunkHeaderBytes)
            throw Truncated();
        ReadOnlySpan<byte> chunks = data[RiffHeaderBytes..(int)(size + ChunkHeaderBytes)], canvas = Next(ref chunks, out _);
        if (canvas.Length < CanvasBytes)
            throw Truncated();
        while (!chunks.IsEmpty)
        {
            ReadOnlySpan<byte> body = Next(ref chunks, out ReadOnlySpan<byte> name);
            if (!name.SequenceEqual("ANMF"u8))
                continue;
            if (body.Length < FrameBytes)
                throw Truncated();
            var frame = new WebPFrame
            {
                CanvasWidth = 1 + UInt24(canvas[4..]),
                CanvasHeight = 1 + UInt24(canvas[7..]),
                Left = 2 * UInt24(body),
                Top = 2 * UInt24(body[3..]),
                Width = 1 + UInt24(body[6..]),
                Height = 1 + UInt24(body[9..]),
                File = Still(body[FrameBytes..]),
            };
            if (frame.Left + frame.Width > frame.CanvasWidth || frame.Top + frame.Height > frame.CanvasHeight)
                throw new ImageException("WebP: a frame leaves the canvas");
            return frame;
        }
        throw new ImageException("WebP: an animation without frames");
    }

    /// <summary>The picture's chunk alone: transparency lies in another, and is dropped.</summary>
    private static byte[] Still(ReadOnlySpan<byte> chunks)
    {
        while (!chunks.IsEmpty)
        {
            ReadOnlySpan<byte> body = Next(ref chunks, out ReadOnlySpan<byte> name);
            if (!name.SequenceEqual("VP8 "u8) && !name.SequenceEqual("VP8L"u8))
                continue;
            int padded = body.Length + (body.Length & 1);
            byte[] file = new byte[RiffHeaderBytes + ChunkHeaderBytes + padded];
            "RIFF"u8.CopyTo(file);
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - ChunkHeaderBytes);
            "WEBP"u8.CopyTo(file.AsSpan(8));
            name.CopyTo(file.AsSpan(RiffHeaderBytes));
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(RiffHeaderBytes + 4), body.Length);
            body.CopyTo(file.AsSpan(RiffHeaderBytes + ChunkHeaderBytes));
            return file;
        }
        throw new ImageException("WebP: a frame without a picture");
    }

    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> chunks, out ReadOnlySpan<byte> name)
    {
        if (chunks.Length < ChunkHeaderBytes)
            throw Truncated();
        name = chunks[..4];
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(chunks[4..]);
        if (length > chunks.Length - ChunkHeaderBytes)
            throw Truncated();
        ReadOnlySpan<byte> body = chunks.Slice(ChunkHeaderBytes, (int)length);
        // Chunks are padded to an even length.
        chunks = chunks[Math.Min(chunks.Length, ChunkHeaderBytes + (int)(length + (length & 1)))..];
        return body;
    }

    private static int UInt24(ReadOnlySpan<byte> data) => data[0] | (data[1] << 8) | (data[2] << 16);

    private static ImageException Truncated() => new("WebP: the file is truncated");
}
