using System.Numerics;
using System.Runtime.InteropServices;

namespace PolaFormer.Vision.Transforms.Operations;

/// <summary>
/// Operations that map levels to levels, whatever the place: those of Pillow's <c>ImageOps</c>, byte for byte. Each gives a new image.
/// </summary>
public static class PointOperations
{
    private const int Levels = 256;

    /// <summary>255 − v.</summary>
    /// <param name="image">The image.</param>
    public static Image Invert(Image image) => Map(image, new Inversion());

    /// <summary>Keeps the upper bits of every level.</summary>
    /// <param name="image">The image.</param>
    /// <param name="bits">Bits to keep, 0 … 8.</param>
    public static Image Posterize(Image image, int bits)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bits, 8u, nameof(bits));
        return Map(image, new Mask((byte)(0xFF00 >> bits)));
    }

    /// <summary>Inverts the levels at or above a threshold.</summary>
    /// <param name="image">The image.</param>
    /// <param name="threshold">0 … 256; 256 leaves the image as it is.</param>
    public static Image Solarize(Image image, int threshold)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)threshold, (uint)Levels, nameof(threshold));
        return threshold == Levels ? Map(image, new Mask(255)) : Map(image, new Solarization((byte)threshold));
    }

    /// <summary>Adds to the levels below a threshold, up to 255.</summary>
    /// <param name="image">The image.</param>
    /// <param name="addend">0 … 255.</param>
    /// <param name="threshold">0 … 255.</param>
    public static Image SolarizeAdd(Image image, byte addend, byte threshold = 128) => Map(image, new Addition(addend, threshold));

    /// <summary>Stretches each channel so that its levels reach from 0 to 255.</summary>
    /// <param name="image">The image.</param>
    public static Image AutoContrast(Image image)
    {
        Span<byte> lowest = stackalloc byte[Image.Channels], highest = stackalloc byte[Image.Channels], table = stackalloc byte[Image.Channels * Levels];
        FindRange(image, lowest, highest);
        for (int c = 0; c < Image.Channels; c++)
        {
            Span<byte> levels = table.Slice(c * Levels, Levels);
            int low = lowest[c], high = highest[c];
            double scale = high > low ? 255.0 / (high - low) : 1, offset = high > low ? -low * scale : 0;
            for (int level = 0; level < Levels; level++)
                levels[level] = (byte)Math.Clamp((int)((level * scale) + offset), 0, 255);
        }
        return Lookup(image, table);
    }

    /// <summary>Makes each channel's histogram as even as a map of levels can.</summary>
    /// <param name="image">The image.</param>
    public static Image Equalize(Image image)
    {
        Span<int> histogram = stackalloc int[Image.Channels * Levels];
        Count(image, histogram);
        Span<byte> table = stackalloc byte[Image.Channels * Levels];
        for (int c = 0; c < Image.Channels; c++)
            EqualizingLevels(histogram.Slice(c * Levels, Levels), table.Slice(c * Levels, Levels));
        return Lookup(image, table);
    }

    private static void EqualizingLevels(ReadOnlySpan<int> histogram, Span<byte> levels)
    {
        int pixels = 0, last = 0;
        foreach (int count in histogram)
        {
            pixels += count;
            last = count > 0 ? count : last;
        }
        // A channel of one level has no step either.
        int step = (pixels - last) / 255, sum = step / 2;
        for (int level = 0; level < Levels; level++)
        {
            levels[level] = (byte)(step == 0 ? level : Math.Min(sum / step, 255));
            sum += histogram[level];
        }
    }

    /// <summary>histogram (3, 256): pixels of every level.</summary>
    private static void Count(Image image, Span<int> histogram)
    {
        histogram.Clear();
        Span<int> red = histogram[..Levels], green = histogram.Slice(Levels, Levels), blue = histogram[(2 * Levels)..];
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int i = 0; i + 2 < pixels.Length; i += Image.Channels)
        {
            red[pixels[i]]++;
            green[pixels[i + 1]]++;
            blue[pixels[i + 2]]++;
        }
    }

    /// <summary>The lowest and highest level of each channel. In three vectors, every channel stands in the same lanes again.</summary>
    private static void FindRange(Image image, Span<byte> lowest, Span<byte> highest)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        lowest.Fill(255);
        highest.Clear();
        int lanes = Vector<byte>.Count, period = Image.Channels * lanes, i = 0;
        if (pixels.Length >= period)
        {
            Vector<byte> low0 = Vector<byte>.AllBitsSet, low1 = low0, low2 = low0, high0 = default, high1 = default, high2 = default;
            for (; i <= pixels.Length - period; i += period)
            {
                Vector<byte> first = new(pixels[i..]), second = new(pixels[(i + lanes)..]), third = new(pixels[(i + (2 * lanes))..]);
                (low0, low1, low2) = (Vector.Min(low0, first), Vector.Min(low1, second), Vector.Min(low2, third));
                (high0, high1, high2) = (Vector.Max(high0, first), Vector.Max(high1, second), Vector.Max(high2, third));
            }
            Widen(MemoryMarshal.AsBytes<Vector<byte>>([low0, low1, low2, high0, high1, high2]), lowest, highest);
        }
        Widen(pixels[i..], lowest, highest);
    }

    /// <summary>Widens the ranges by whole pixels.</summary>
    private static void Widen(ReadOnlySpan<byte> pixels, Span<byte> lowest, Span<byte> highest)
    {
        for (int i = 0; i < pixels.Length; i++)
        {
            int c = i % Image.Channels;
            (lowest[c], highest[c]) = (Math.Min(lowest[c], pixels[i]), Math.Max(highest[c], pixels[i]));
        }
    }

    /// <summary>table (3, 256): the new level for every channel and level.</summary>
    private static unsafe Image Lookup(Image image, ReadOnlySpan<byte> table)
    {
        var result = new Image(image.Width, image.Height);
        int length = image.Pixels.Length;
        // A byte indexes 256 entries, so no lookup leaves its table; both images hold whole pixels.
        fixed (byte* red = table, from = image.Pixels, to = result.Pixels)
        {
            byte* green = red + Levels, blue = green + Levels;
            for (int i = 0; i < length; i += Image.Channels)
            {
                to[i] = red[from[i]];
                to[i + 1] = green[from[i + 1]];
                to[i + 2] = blue[from[i + 2]];
            }
        }
        return result;
    }

    /// <summary>Maps whole vectors; the last one may reach into the slack behind the pixels.</summary>
    private static Image Map<T>(Image image, T function) where T : struct, ILevelFunction
    {
        var result = new Image(image.Width, image.Height);
        int length = image.Pixels.Length;
        ReadOnlySpan<byte> from = image.PaddedPixels;
        Span<byte> to = result.PaddedPixels;
        for (int i = 0; i < length; i += Vector<byte>.Count)
            function.Of(new Vector<byte>(from[i..])).CopyTo(to[i..]);
        return result;
    }

    private interface ILevelFunction
    {
        Vector<byte> Of(Vector<byte> levels);
    }

    private readonly struct Inversion : ILevelFunction
    {
        public Vector<byte> Of(Vector<byte> levels) => ~levels;
    }

    private readonly struct Mask(byte bits) : ILevelFunction
    {
        public Vector<byte> Of(Vector<byte> levels) => levels & new Vector<byte>(bits);
    }

    private readonly struct Solarization(byte threshold) : ILevelFunction
    {
        public Vector<byte> Of(Vector<byte> levels) =>
            Vector.ConditionalSelect(Vector.LessThan(levels, new Vector<byte>(threshold)), levels, ~levels);
    }

    private readonly struct Addition(byte addend, byte threshold) : ILevelFunction
    {
        public Vector<byte> Of(Vector<byte> levels) => Vector.ConditionalSelect(
            Vector.LessThan(levels, new Vector<byte>(threshold)),
            Vector.Min(levels, new Vector<byte>((byte)(255 - addend))) + new Vector<byte>(addend), levels);
    }
}
