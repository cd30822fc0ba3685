using System.Buffers.Binary;
using System.IO.Compression;

namespace PolaFormer.Vision.Decoding;

/// <summary>
/// The samples of a PNG file without libspng: inflated, unfiltered and de-interlaced (PNG specification, sections 7 to 9). Checksums
/// of the image data are not looked at, as in Pillow.
/// </summary>
internal static unsafe class PngSamples
{
    // Adam7: first column and row of each pass, and the steps between its columns and rows.
    private static readonly (int X, int Y, int StepX, int StepY)[] s_passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>Decodes to rows of packed samples, big-endian at 16 bits.</summary>
    /// <param name="data">The file.</param>
    /// <param name="chunks">Its header.</param>
    /// <param name="output">Height × <see cref="PngChunks.RowBytes"/> bytes of zeros.</param>
    /// <exception cref="ImageException">The data are damaged or end early.</exception>
    public static void Decode(ReadOnlySpan<byte> data, PngChunks chunks, byte* output)
    {
        try
        {
            using var inflated = new ZLibStream(ImageData(data), CompressionMode.Decompress);
            if (!chunks.IsInterlaced)
                DecodePass(inflated, chunks, (0, 0, 1, 1), output);
            else
                foreach ((int, int, int, int) pass in s_passes)
                    DecodePass(inflated, chunks, pass, output);
        }
        catch (EndOfStreamException)
        {
            throw new ImageException("PNG: the image data end early");
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            // An IOException: the stream asks for a preset dictionary, which PNG does not allow.
            throw new ImageException("PNG: the image data are damaged");
        }
    }

    private static void DecodePass(Stream inflated, PngChunks chunks, (int X, int Y, int StepX, int StepY) pass, byte* output)
    {
        int width = (chunks.Width - pass.X + pass.StepX - 1) / pass.StepX, height = (chunks.Height - pass.Y + pass.StepY - 1) / pass.StepY;
        if (width <= 0 || height <= 0)
            return;
        int bits = chunks.Channels * chunks.BitDepth, pixel = Math.Max(1, bits / 8);
        int rowBytes = checked((int)((((long)width * bits) + 7) / 8));

        // The row before the first is of zeros. The first byte of a row names its filter.
        byte[] row = new byte[1 + rowBytes], above = new byte[1 + rowBytes];
        for (int y = 0; y < height; y++)
        {
            inflated.ReadExactly(row);
            Unfilter(row[0], row.AsSpan(1), above.AsSpan(1), pixel);
            var target = new Span<byte>(output + ((pass.Y + ((long)y * pass.StepY)) * chunks.RowBytes), (int)chunks.RowBytes);
            if (pass.StepX == 1)
                row.AsSpan(1).CopyTo(target);
            else
                Spread(row.AsSpan(1), target, width, pass.X, pass.StepX, bits);
            (row, above) = (above, row);
        }
    }

    private static void Unfilter(int filter, Span<byte> row, ReadOnlySpan<byte> above, int pixel)
    {
        switch (filter)
        {
            case 0:
                break;
            case 1:
                for (int i = pixel; i < row.Length; i++)
                    row[i] += row[i - pixel];
                break;
            case 2:
                for (int i = 0; i < row.Length; i++)
                    row[i] += above[i];
                break;
            case 3:
                for (int i = 0; i < row.Length; i++)
                    row[i] += (byte)(((i < pixel ? 0 : row[i - pixel]) + above[i]) / 2);
                break;
            case 4:
                for (int i = 0; i < row.Length; i++)
                    row[i] += i < pixel ? above[i] : Paeth(row[i - pixel], above[i], above[i - pixel]);
                break;
            default:
                throw new ImageException($"PNG: unknown filter {filter}");
        }
    }

    // The neighbour that is nearest to left + up − corner.
    private static byte Paeth(int left, int up, int corner)
    {
        int toLeft = Math.Abs(up - corner), toUp = Math.Abs(left - corner), toCorner = Math.Abs(left + up - (2 * corner));
        return (byte)(toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner);
    }

    // The pixels of a pass go to every step-th place of the whole row.
    private static void Spread(ReadOnlySpan<byte> row, Span<byte> target, int width, int first, int step, int bits)
    {
        if (bits >= 8)
        {
            int bytes = bits / 8;
            for (int x = 0; x < width; x++)
                row.Slice(x * bytes, bytes).CopyTo(target[((first + (x * step)) * bytes)..]);
            return;
        }

        int mask = (1 << bits) - 1;
        for (int x = 0; x < width; x++)
        {
            int from = x * bits, to = (first + (x * step)) * bits;
            int sample = (row[from >> 3] >> (8 - bits - (from & 7))) & mask;
            target[to >> 3] |= (byte)(sample << (8 - bits - (to & 7)));
        }
    }

    // The bodies of the image data chunks, which lie together, one after another. A last one that is cut short gives what there is.
    private static MemoryStream ImageData(ReadOnlySpan<byte> data)
    {
        const int signature = 8, head = 8, checksum = 4;
        var bodies = new MemoryStream();
        for (int position = signature; data.Length - position >= head;)
        {
            int length = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(data[position..]), data.Length - position - head);
            if (data.Slice(position + 4, 4).SequenceEqual("IDAT"u8))
                bodies.Write(data.Slice(position + head, length));
            else if (bodies.Length > 0)
                break;
            position = (int)Math.Min((long)position + head + length + checksum, data.Length);
        }

        bodies.Position = 0;
        return bodies;
    }
}
