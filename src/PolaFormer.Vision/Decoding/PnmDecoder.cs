using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>Portable bitmaps, graymaps and pixmaps (P1 to P6): a header of words, then numbers as text or as bytes.</summary>
internal static class PnmDecoder
{
    private const int MaxWordLength = 10;

    public static bool Matches(ReadOnlySpan<byte> data) => data.Length > 2 && data[0] == 'P' && data[1] is >= (byte)'1' and <= (byte)'6' && IsSpace(data[2]);

    public static Image Decode(ReadOnlySpan<byte> data, ImageDecodeOptions options)
    {
        int kind = data[1] - '0', position = 3;
        int width = ReadWord(data, ref position), height = ReadWord(data, ref position);
        bool isBitmap = kind is 1 or 4, isColour = kind is 3 or 6;
        int largest = isBitmap ? 1 : ReadWord(data, ref position);
        if (largest is 0 or > 65535)
            throw new ImageException($"PNM: a largest value of {largest} is not from 1 to 65535");
        ImageDecoder.CheckSize(width, height, options);

        data = data[position..];
        int channels = isColour ? Image.Channels : 1;
        // At least so many bytes are needed, so that no memory is taken for pixels that are not there.
        long values = (long)width * height * channels;
        if (data.Length < (kind == 4 ? (width + 7L) / 8 * height : kind > 4 && largest > 255 ? 2 * values : values))
            throw Truncated();
        var image = new Image(width, height);
        try
        {
            if (kind == 4)
                UnpackBits(data, image);
            else if (kind > 4)
                UnpackBytes(data, image, channels, largest);
            else
                UnpackText(data, image, channels, isBitmap, largest);
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>A value as a level: scaled to 0 … 255, and rounded to even as Python rounds. Gray of more than 8 bits is scaled to 16 bits and clipped at 255, as Pillow does.</summary>
    private static byte Level(int value, int largest, int channels)
    {
        bool isWide = channels == 1 && largest > 255;
        return (byte)Math.Min(255, Math.Round((double)value / largest * (isWide ? 65535 : 255), MidpointRounding.ToEven));
    }

    private static void UnpackBits(ReadOnlySpan<byte> data, Image image)
    {
        int rowBytes = (image.Width + 7) / 8;
        for (int y = 0; y < image.Height; y++, data = data[rowBytes..])
            for (int x = 0; x < image.Width; x++)
                Fill(image.Row(y), x, ((data[x >> 3] >> (7 - (x & 7))) & 1) != 0 ? (byte)0 : (byte)255);
    }

    private static void UnpackBytes(ReadOnlySpan<byte> data, Image image, int channels, int largest)
    {
        int bytes = largest > 255 ? 2 : 1;
        Span<byte> pixels = image.Pixels;
        for (int at = 0, i = 0; at < pixels.Length; at += Image.Channels)
        {
            for (int c = 0; c < channels; c++, i += bytes)
                pixels[at + c] = Level(bytes == 1 ? data[i] : BinaryPrimitives.ReadUInt16BigEndian(data[i..]), largest, channels);
            if (channels == 1)
                pixels.Slice(at + 1, 2).Fill(pixels[at]);
        }
    }

    private static void UnpackText(ReadOnlySpan<byte> data, Image image, int channels, bool isBitmap, int largest)
    {
        Span<byte> pixels = image.Pixels;
        int position = 0;
        for (int at = 0; at < pixels.Length; at += Image.Channels)
        {
            for (int c = 0; c < channels; c++)
            {
                int value = isBitmap ? ReadBit(data, ref position) : ReadWord(data, ref position);
                if (value > largest)
                    throw new ImageException($"PNM: a value of {value} is above the largest, {largest}");
                pixels[at + c] = isBitmap ? (byte)(255 - (255 * value)) : Level(value, largest, channels);
            }
            if (channels == 1)
                pixels.Slice(at + 1, 2).Fill(pixels[at]);
        }
    }

    private static void Fill(Span<byte> row, int x, byte level) => row.Slice(x * Image.Channels, Image.Channels).Fill(level);

    /// <summary>The next number, and the one blank behind it. A comment from <c>#</c> to the end of its line is no blank.</summary>
    private static int ReadWord(ReadOnlySpan<byte> data, ref int position)
    {
        long value = 0;
        for (int digits = 0; ;)
        {
            bool isEnd = position >= data.Length;
            byte letter = isEnd ? (byte)' ' : data[position++];
            if (IsSpace(letter))
            {
                if (digits > 0)
                    return value > int.MaxValue ? throw new ImageException($"PNM: {value} is too large") : (int)value;
                if (isEnd)
                    throw Truncated();
            }
            else if (letter == '#')
                SkipLine(data, ref position);
            else if (!char.IsAsciiDigit((char)letter) || ++digits > MaxWordLength)
                throw new ImageException("PNM: a number is expected");
            else
                value = (value * 10) + (letter - '0');
        }
    }

    private static int ReadBit(ReadOnlySpan<byte> data, ref int position)
    {
        while (position < data.Length)
        {
            byte letter = data[position++];
            if (letter is (byte)'0' or (byte)'1')
                return letter - '0';
            if (letter == '#')
                SkipLine(data, ref position);
            else if (!IsSpace(letter))
                throw new ImageException("PNM: a bit is expected");
        }
        throw Truncated();
    }

    private static void SkipLine(ReadOnlySpan<byte> data, ref int position)
    {
        int end = data[position..].IndexOfAny((byte)'\n', (byte)'\r');
        position = end < 0 ? data.Length : position + end + 1;
    }

    private static bool IsSpace(byte letter) => letter is (byte)' ' or (>= 9 and <= 13);

    private static ImageException Truncated() => new("PNM: the file is truncated");
}
