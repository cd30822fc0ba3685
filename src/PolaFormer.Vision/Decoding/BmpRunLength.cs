namespace PolaFormer.Vision.Decoding;

/// <summary>The run-length codes of 8 and 4 bits: pairs of count and value, with escapes for literals, line ends and jumps.</summary>
internal static class BmpRunLength
{
    public static void Decode(ReadOnlySpan<byte> data, int position, bool nibbles, int width, Span<byte> indices)
    {
        int written = 0, column = 0;
        while (written < indices.Length)
        {
            if (position + 2 > data.Length)
                throw new ImageException("BMP: the file is truncated");
            int count = data[position], value = data[position + 1];
            position += 2;
            if (count > 0)
            {
                // Pixels beyond the right edge are dropped.
                count = Math.Min(Math.Clamp(width - column, 0, count), indices.Length - written);
                for (int i = 0; i < count; i++)
                    indices[written + i] = nibbles ? Nibble((byte)value, i) : (byte)value;
                written += count;
                column += count;
            }
            else if (value == 0)
            {
                written = Math.Min((written + width - 1) / width * width, indices.Length);
                column = 0;
            }
            else if (value == 1)
            {
                return;
            }
            else if (value == 2)
            {
                if (position + 2 > data.Length)
                    throw new ImageException("BMP: the file is truncated");
                written = (int)Math.Min(written + data[position] + ((long)data[position + 1] * width), indices.Length);
                column = written % width;
                position += 2;
            }
            else
            {
                int bytes = nibbles ? (value + 1) / 2 : value;
                if (position + bytes > data.Length)
                    throw new ImageException("BMP: the file is truncated");
                int literals = Math.Min(value, indices.Length - written);
                for (int i = 0; i < literals; i++)
                    indices[written + i] = nibbles ? Nibble(data[position + (i / 2)], i) : data[position + i];
                written += literals;
                column += literals;
                // Literals are padded to an even position of the file.
                position += bytes;
                position += position & 1;
            }
        }
    }

    private static byte Nibble(byte pair, int i) => (byte)((i & 1) == 0 ? pair >> 4 : pair & 15);
}
