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
        fixed (byte* bytes = data)
        {
            try
            {
                using var file = new UnmanagedMemoryStream(bytes, data.Length);
                using var inflated = new ZLibStream(new PngImageData(file), CompressionMode.Decompress);
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
            catch (InvalidDataException)
            {
                throw new ImageException("PNG: the image data are damaged");
            }
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

    /// <summary>The bodies of the image data chunks, one after another; other chunks in front are passed over.</summary>
    private sealed class PngImageData(Stream file) : Stream
    {
        private const int SignatureBytes = 8, ChecksumBytes = 4;

        private long _left;
        private bool _started, _ended;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            while (_left == 0 && !_ended)
                OpenNext();
            int read = _ended ? 0 : file.Read(buffer[..(int)Math.Min(_left, buffer.Length)]);
            _left -= read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private void OpenNext()
        {
            Span<byte> head = stackalloc byte[8];
            file.Position = _started ? Math.Min(file.Position + ChecksumBytes, file.Length) : Math.Max(file.Position, SignatureBytes);
            while (true)
            {
                if (file.Length - file.Position < head.Length)
                {
                    _ended = true;
                    return;
                }

                file.ReadExactly(head);
                long length = BinaryPrimitives.ReadUInt32BigEndian(head);
                if (head[4..].SequenceEqual("IDAT"u8))
                {
                    (_left, _started) = (Math.Min(length, file.Length - file.Position), true);
                    return;
                }

                // The image data lie together.
                if (_started)
                {
                    _ended = true;
                    return;
                }

                file.Position = Math.Min(file.Position + length + ChecksumBytes, file.Length);
            }
        }
    }
}
