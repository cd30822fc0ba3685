using System.Numerics;
using System.Runtime.CompilerServices;

namespace PolaFormer.Vision.Transforms.Operations;

/// <summary>
/// Pillow's <c>ImageEnhance</c>, byte for byte: the image is blended with a degenerate form of itself, d + f·(v − d), in float32 and
/// rounded towards zero. A factor of 0 gives the degenerate form, 1 the image, more than 1 exaggerates. Each gives a new image.
/// </summary>
public static unsafe class Enhancement
{
    /// <summary>Blends with black.</summary>
    /// <param name="image">The image.</param>
    /// <param name="factor">The factor, at least 0.</param>
    public static Image Brightness(Image image, double factor) => BlendWith(image, 0, factor);

    /// <summary>Blends with the image's mean grey.</summary>
    /// <param name="image">The image.</param>
    /// <param name="factor">The factor, at least 0.</param>
    public static Image Contrast(Image image, double factor)
    {
        long sum = 0;
        fixed (byte* pixels = image.PaddedPixels)
            for (int y = 0; y < image.Height; y++)
                sum += Luminance.Sum(pixels + ((long)y * image.Stride), image.Width);
        return BlendWith(image, (int)((sum / ((double)image.Width * image.Height)) + 0.5), factor);
    }

    /// <summary>Blends with the greys of the pixels: saturation.</summary>
    /// <param name="image">The image.</param>
    /// <param name="factor">The factor, at least 0.</param>
    public static Image Color(Image image, double factor)
    {
        var result = new Image(image.Width, image.Height);
        fixed (byte* from = image.PaddedPixels, to = result.PaddedPixels)
        {
            int length = image.Pixels.Length;
            Luminance.Spread(from, to, length / Image.Channels);
            var weight = new Vector<float>((float)factor);
            for (int i = 0; i < length; i += Vector<byte>.Count)
                Blend(Quarters.Of(Unsafe.ReadUnaligned<Vector<byte>>(to + i)), from + i, to + i, weight);
        }
        return result;
    }

    /// <summary>Blends with the image smoothed by the 3 × 3 kernel of ones and a 5; pixels at the edge stay.</summary>
    /// <param name="image">The image.</param>
    /// <param name="factor">The factor, at least 0.</param>
    public static Image Sharpness(Image image, double factor)
    {
        var result = new Image(image.Width, image.Height);
        if (image.Width < 3 || image.Height < 3)
        {
            image.Pixels.CopyTo(result.Pixels);
            return result;
        }
        int stride = image.Stride, last = stride - Image.Channels;
        var weight = new Vector<float>((float)factor);
        image.Row(0).CopyTo(result.Row(0));
        fixed (byte* input = image.PaddedPixels, output = result.PaddedPixels)
        {
            // A row's last vector reaches beyond it; what it spoils is written later: the row's end, the next row or the last.
            for (int y = 1; y < image.Height - 1; y++)
            {
                byte* from = input + ((long)y * stride), to = output + ((long)y * stride);
                CopyPixel(from, to);
                for (int i = Image.Channels; i < last; i += Vector<byte>.Count)
                    Blend(Smoothed(from + i, stride), from + i, to + i, weight);
                CopyPixel(from + last, to + last);
            }
        }
        image.Row(image.Height - 1).CopyTo(result.Row(image.Height - 1));
        return result;
    }

    private static void CopyPixel(byte* from, byte* to) => (to[0], to[1], to[2]) = (from[0], from[1], from[2]);

    private static Image BlendWith(Image image, int level, double factor)
    {
        var result = new Image(image.Width, image.Height);
        Quarters degenerate = Quarters.Of(new Vector<byte>((byte)level));
        var weight = new Vector<float>((float)factor);
        int length = image.Pixels.Length;
        fixed (byte* from = image.PaddedPixels, to = result.PaddedPixels)
            for (int i = 0; i < length; i += Vector<byte>.Count)
                Blend(degenerate, from + i, to + i, weight);
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Blend(in Quarters degenerate, byte* from, byte* to, Vector<float> factor)
    {
        Quarters levels = Quarters.Of(Unsafe.ReadUnaligned<Vector<byte>>(from));
        Vector<ushort> low = Vector.Narrow(Mix(degenerate.A, levels.A, factor), Mix(degenerate.B, levels.B, factor));
        Vector<ushort> high = Vector.Narrow(Mix(degenerate.C, levels.C, factor), Mix(degenerate.D, levels.D, factor));
        Unsafe.WriteUnaligned(to, Vector.Narrow(low, high));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Mix(Vector<float> degenerate, Vector<float> level, Vector<float> factor)
    {
        Vector<float> mixed = degenerate + (factor * (level - degenerate));
        return Vector.AsVectorUInt32(Vector.ConvertToInt32Native(Vector.MaxNative(Vector.MinNative(mixed, new Vector<float>(255)), Vector<float>.Zero)));
    }

    /// <summary>
    /// (sum of the nine + 4 · the middle one) / 13, rounded. The sum is an integer, so no quotient comes nearer to a tie than 1/26 and
    /// float32 rounds as Pillow's sum of products does.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quarters Smoothed(byte* pixel, int stride)
    {
        Vector.Widen(Unsafe.ReadUnaligned<Vector<byte>>(pixel), out Vector<ushort> low, out Vector<ushort> high);
        (low, high) = (low << 2, high << 2);
        for (byte* row = pixel - stride; row <= pixel + stride; row += stride)
            for (int x = -Image.Channels; x <= Image.Channels; x += Image.Channels)
            {
                Vector.Widen(Unsafe.ReadUnaligned<Vector<byte>>(row + x), out Vector<ushort> nextLow, out Vector<ushort> nextHigh);
                (low, high) = (low + nextLow, high + nextHigh);
            }
        Quarters sums = Quarters.Of(low, high);
        return new(Divide(sums.A), Divide(sums.B), Divide(sums.C), Divide(sums.D));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector<float> Divide(Vector<float> sum) => Vector.Floor((sum * new Vector<float>(1f / 13)) + new Vector<float>(0.5f));
    }

    /// <summary>A vector of levels as four of float32.</summary>
    private readonly struct Quarters(Vector<float> a, Vector<float> b, Vector<float> c, Vector<float> d)
    {
        public readonly Vector<float> A = a, B = b, C = c, D = d;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Quarters Of(Vector<byte> levels)
        {
            Vector.Widen(levels, out Vector<ushort> low, out Vector<ushort> high);
            return Of(low, high);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Quarters Of(Vector<ushort> low, Vector<ushort> high)
        {
            Vector.Widen(low, out Vector<uint> a, out Vector<uint> b);
            Vector.Widen(high, out Vector<uint> c, out Vector<uint> d);
            return new(Single(a), Single(b), Single(c), Single(d));

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            static Vector<float> Single(Vector<uint> values) => Vector.ConvertToSingle(Vector.AsVectorInt32(values));
        }
    }
}
