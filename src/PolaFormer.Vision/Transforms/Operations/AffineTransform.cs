using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Vision.Transforms.Operations;

/// <summary>
/// Pillow's affine <c>transform</c>, byte for byte: every pixel is interpolated in float64 from its 2 × 2 (bilinear) or 4 × 4
/// (bicubic, a = −1) neighbours, edges repeated, and rounded towards zero. Where only columns or only rows are off the grid, the
/// other interpolation has no fraction, is exact and is left out.
/// </summary>
public static unsafe class AffineTransform
{
    /// <summary>Pixels added on every side by repetition, so that no neighbour needs a check: as far as a cubic reaches.</summary>
    private const int Border = 2;

    /// <summary>Transforms an image; the result has its size.</summary>
    /// <param name="image">The image.</param>
    /// <param name="matrix">Where pixels come from.</param>
    /// <param name="filter">Bilinear or bicubic.</param>
    /// <param name="fill">What pixels from outside of the image become.</param>
    public static Image Apply(Image image, AffineMatrix matrix, ResamplingFilter filter, FillColor fill) => filter switch
    {
        ResamplingFilter.Bilinear => Apply<Linear>(image, matrix, fill),
        ResamplingFilter.Bicubic => Apply<Cubic>(image, matrix, fill),
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "Affine transforms interpolate bilinearly or bicubically."),
    };

    private static Image Apply<T>(Image image, AffineMatrix matrix, FillColor fill) where T : struct, IInterpolation
    {
        using Image padded = Pad(image);
        var result = new Image(image.Width, image.Height);
        fixed (byte* source = padded.PaddedPixels, output = result.PaddedPixels)
        {
            byte* origin = source + (Border * padded.Stride) + (Border * Image.Channels);
            if (matrix is { D: 0, E: 1, F: 0 })
                Run<T, AlongRows<T>>(origin, padded.Stride, output, image.Width, image.Height, matrix, fill);
            else if (matrix is { A: 1, B: 0, C: 0 })
                Run<T, AlongColumns<T>>(origin, padded.Stride, output, image.Width, image.Height, matrix, fill);
            else
                Run<T, AlongBoth<T>>(origin, padded.Stride, output, image.Width, image.Height, matrix, fill);
        }
        return result;
    }

    /// <summary>Pixels are stored with a fourth byte, which the next one overwrites.</summary>
    private static void Run<T, TDirection>(byte* origin, int stride, byte* output, int width, int height, AffineMatrix matrix, FillColor fill)
        where T : struct, IInterpolation
        where TDirection : struct, IDirection
    {
        int filled = fill.Red | (fill.Green << 8) | (fill.Blue << 16);
        for (int row = 0; row < height; row++)
            for (int column = 0; column < width; column++, output += Image.Channels)
            {
                double x = (matrix.A * (column + 0.5)) + (matrix.B * (row + 0.5)) + matrix.C;
                double y = (matrix.D * (column + 0.5)) + (matrix.E * (row + 0.5)) + matrix.F;
                if (!(x >= 0 && x < width && y >= 0 && y < height))
                {
                    Unsafe.WriteUnaligned(output, filled);
                    continue;
                }
                x -= 0.5;
                y -= 0.5;
                double left = Math.Floor(x), top = Math.Floor(y);
                byte* pixel = origin + ((nint)(int)top * stride) + ((nint)(int)left * Image.Channels);
                Store(TDirection.Of(pixel, stride, x - left, y - top), output);
            }
    }

    private static Image Pad(Image image)
    {
        var padded = new Image(image.Width + (2 * Border), image.Height + (2 * Border));
        for (int y = 0; y < padded.Height; y++)
        {
            ReadOnlySpan<byte> from = image.Row(Math.Clamp(y - Border, 0, image.Height - 1));
            Span<byte> to = padded.Row(y);
            from.CopyTo(to[(Border * Image.Channels)..]);
            for (int x = 0; x < Border; x++)
            {
                from[..Image.Channels].CopyTo(to[(x * Image.Channels)..]);
                from[^Image.Channels..].CopyTo(to[^((x + 1) * Image.Channels)..]);
            }
        }
        return padded;
    }

    /// <summary>Red, green, blue and a byte of the next pixel as float64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Load(byte* pixel) => Avx2.IsSupported
        ? Avx.ConvertToVector256Double(Sse41.ConvertToVector128Int32(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(pixel)).AsByte()))
        : Vector256.Create((double)pixel[0], pixel[1], pixel[2], 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<double> values, byte* pixel)
    {
        Vector256<double> levels = Vector256.MaxNative(Vector256.MinNative(values, Vector256.Create(255.0)), Vector256<double>.Zero);
        if (Avx2.IsSupported)
        {
            Vector128<int> whole = Avx.ConvertToVector128Int32WithTruncation(levels);
            Vector128<byte> bytes = Ssse3.Shuffle(whole.AsByte(), Vector128.Create(0x0C080400u).AsByte());
            Unsafe.WriteUnaligned(pixel, bytes.AsUInt32().ToScalar());
            return;
        }
        for (int c = 0; c < Image.Channels; c++)
            pixel[c] = (byte)levels[c];
    }

    /// <summary>Interpolates between pixels on a line, which lie a step apart.</summary>
    private interface IInterpolation
    {
        static abstract Vector256<double> Line(byte* pixel, nint step, double fraction);

        /// <summary>Interpolates rows, then what they give.</summary>
        static abstract Vector256<double> Plane(byte* pixel, nint stride, double x, double y);
    }

    private interface IDirection
    {
        static abstract Vector256<double> Of(byte* pixel, nint stride, double x, double y);
    }

    private readonly struct AlongRows<T> : IDirection where T : struct, IInterpolation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<double> Of(byte* pixel, nint stride, double x, double y) => T.Line(pixel, Image.Channels, x);
    }

    private readonly struct AlongColumns<T> : IDirection where T : struct, IInterpolation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<double> Of(byte* pixel, nint stride, double x, double y) => T.Line(pixel, stride, y);
    }

    private readonly struct AlongBoth<T> : IDirection where T : struct, IInterpolation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<double> Of(byte* pixel, nint stride, double x, double y) => T.Plane(pixel, stride, x, y);
    }

    private readonly struct Linear : IInterpolation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<double> Line(byte* pixel, nint step, double fraction) => Between(Load(pixel), Load(pixel + step), fraction);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<double> Plane(byte* pixel, nint stride, double x, double y) =>
            Between(Line(pixel, Image.Channels, x), Line(pixel + stride, Image.Channels, x), y);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<double> Between(Vector256<double> a, Vector256<double> b, double fraction) => a + ((b - a) * Vector256.Create(fraction));
    }

    private readonly struct Cubic : IInterpolation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<double> Line(byte* pixel, nint step, double fraction) =>
            Between(Load(pixel - step), Load(pixel), Load(pixel + step), Load(pixel + (2 * step)), fraction);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<double> Plane(byte* pixel, nint stride, double x, double y) => Between(
            Line(pixel - stride, Image.Channels, x), Line(pixel, Image.Channels, x),
            Line(pixel + stride, Image.Channels, x), Line(pixel + (2 * stride), Image.Channels, x), y);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<double> Between(Vector256<double> a, Vector256<double> b, Vector256<double> c, Vector256<double> d, double fraction)
        {
            // The order of operations is Pillow's: roundings decide where levels meet.
            Vector256<double> t = Vector256.Create(fraction);
            Vector256<double> square = (Vector256.Create(2.0) * (a - b)) + c - d, cube = b - a - c + d;
            return b + (t * (c - a + (t * (square + (t * cube)))));
        }
    }
}
