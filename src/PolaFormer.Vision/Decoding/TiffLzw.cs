namespace PolaFormer.Vision.Decoding;

/// <summary>
/// TIFF's form of LZW: codes from the highest bits on, of 9 to 12 bits, that grow one code before they have to. A code is a byte, or a string
/// that was seen: the one of an earlier code and the first byte of the code after it.
/// </summary>
internal static class TiffLzw
{
    private const int Clear = 256, End = 257, FirstFree = 258, MinBits = 9, MaxBits = 12, TableSize = 1 << MaxBits;

    public static void Unpack(ReadOnlySpan<byte> packed, Span<byte> target)
    {
        if (packed.Length >= 2 && packed[0] == 0 && (packed[1] & 1) != 0)
            throw new ImageException("TIFF: packed with an LZW of before TIFF 5.0, which is not read. Convert it to PNG");
        // A string of the table was written once: where it begins, and how long it is.
        Span<int> starts = stackalloc int[TableSize], lengths = stackalloc int[TableSize];
        int next = FirstFree, bits = MinBits, written = 0, previousStart = -1, previousLength = 0;
        long position = 0;
        while (written < target.Length)
        {
            int code = Code(packed, position, bits);
            position += bits;
            if (code == Clear)
            {
                (next, bits, previousStart) = (FirstFree, MinBits, -1);
                continue;
            }
            if (code == End)
                throw TiffCompression.Truncated();
            int start = written;
            if (code < Clear)
            {
                target[written++] = (byte)code;
            }
            else
            {
                if (previousStart < 0 || code > next || code == next && next == TableSize)
                    throw new ImageException("TIFF: the image data are damaged");
                // The newest string is the previous one and the byte behind it, which is being written.
                int from = code == next ? previousStart : starts[code], length = code == next ? previousLength + 1 : lengths[code];
                for (int i = 0; i < length && written < target.Length; i++)
                    target[written++] = target[from + i];
            }
            if (previousStart >= 0 && next < TableSize)
            {
                (starts[next], lengths[next]) = (previousStart, previousLength + 1);
                next++;
                if (next == (1 << bits) - 1 && bits < MaxBits)
                    bits++;
            }
            (previousStart, previousLength) = (start, written - start);
        }
    }

    private static int Code(ReadOnlySpan<byte> packed, long position, int bits)
    {
        int at = (int)(position >> 3);
        if (position + bits > packed.Length * 8L)
            throw TiffCompression.Truncated();
        int window = (packed[at] << 16) | (packed[at + 1] << 8) | (at + 2 < packed.Length ? packed[at + 2] : 0);
        return (window >> (24 - bits - (int)(position & 7))) & ((1 << bits) - 1);
    }
}
