namespace PolaFormer.Vision.Decoding;

/// <summary>
/// GIF's compression: codes from the lowest bits on, in blocks of up to 255 bytes. A code is an index, or a string that was seen: the one of
/// an earlier code and the first index of the code after it.
/// </summary>
internal ref struct GifLzw
{
    private const int MaxBits = 12, TableSize = 1 << MaxBits;

    private readonly ReadOnlySpan<byte> _data;
    private int _position, _block, _bits, _bitCount;

    private GifLzw(ReadOnlySpan<byte> data) => _data = data;

    /// <summary>The indices of a frame.</summary>
    /// <param name="data">From the first block on.</param>
    /// <param name="indexBits">Bits of an index.</param>
    /// <param name="width">Width of the frame.</param>
    /// <param name="height">Height of the frame.</param>
    /// <param name="isInterlaced">Whether every eighth row comes first, then those in the middle between them, and so on.</param>
    public static byte[] Decode(ReadOnlySpan<byte> data, int indexBits, int width, int height, bool isInterlaced)
    {
        if (indexBits > MaxBits)
            throw new ImageException($"GIF: codes of {indexBits} bits do not exist");
        if (width == 0 || height == 0)
            return [];
        // A code has two bits at least and stands for as many pixels as the table is long at most.
        if ((long)width * height / (4 * TableSize) > data.Length)
            throw new ImageException("GIF: the file is truncated");
        byte[] target = new byte[width * height];
        var codes = new GifLzw(data);
        int clear = 1 << indexBits, end = clear + 1, next = clear + 2, codeBits = indexBits + 1;
        Span<ushort> links = stackalloc ushort[TableSize];
        Span<byte> lasts = stackalloc byte[TableSize], reversed = stackalloc byte[TableSize];
        byte first = 0;
        int previous = -1, x = 0, y = 0, row = 0;
        while (true)
        {
            int code = codes.Next(codeBits);
            if (code == clear)
            {
                (next, codeBits, previous) = (clear + 2, indexBits + 1, -1);
                continue;
            }
            if (code == end)
                throw new ImageException("GIF: the picture ends before its last row");
            int length = 0;
            if (previous < 0)
            {
                if (code > clear)
                    throw Damaged();
                reversed[length++] = first = (byte)code;
            }
            else
            {
                if (code > next)
                    throw Damaged();
                int link = code;
                if (code == next)
                {
                    reversed[length++] = first;
                    link = previous;
                }
                for (; link >= clear; link = links[link])
                {
                    if (length == TableSize || link >= TableSize)
                        throw Damaged();
                    reversed[length++] = lasts[link];
                }
                if (length == TableSize)
                    throw Damaged();
                reversed[length++] = first = (byte)link;
                if (next < TableSize)
                {
                    lasts[next] = first;
                    links[next] = (ushort)previous;
                    if (next == (1 << codeBits) - 1 && codeBits < MaxBits)
                        codeBits++;
                    next++;
                }
            }
            previous = code;

            while (length > 0)
            {
                target[(y * width) + x] = reversed[--length];
                if (++x < width)
                    continue;
                x = 0;
                if (++row == height)
                    return target;
                y = isInterlaced ? InterlacedRow(row, height) : row;
            }
        }
    }

    /// <summary>Where the row of a number lies: 0, 8, 16, …; 4, 12, …; 2, 6, …; 1, 3, ….</summary>
    private static int InterlacedRow(int number, int height)
    {
        foreach ((int start, int step) in (ReadOnlySpan<(int, int)>)[(0, 8), (4, 8), (2, 4)])
        {
            int rows = Math.Max(0, (height - start + step - 1) / step);
            if (number < rows)
                return start + (number * step);
            number -= rows;
        }
        return 1 + (number * 2);
    }

    private int Next(int bits)
    {
        while (_bitCount < bits)
        {
            if (_block > 0)
            {
                _bits |= _data[_position++] << _bitCount;
                _bitCount += 8;
                _block--;
                continue;
            }
            // A block that is cut off is not begun.
            if (_position >= _data.Length || _data[_position] > _data.Length - _position - 1)
                throw new ImageException("GIF: the file is truncated");
            _block = _data[_position++];
        }
        int code = _bits & ((1 << bits) - 1);
        _bits >>= bits;
        _bitCount -= bits;
        return code;
    }

    private static ImageException Damaged() => new("GIF: the image data are damaged");
}
