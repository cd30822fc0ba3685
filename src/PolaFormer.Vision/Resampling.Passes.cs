using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Vision;

public static unsafe partial class Resampling
{
    /// <summary>Added before the shift: rounds to nearest.</summary>
    private const int Half = 1 << (PrecisionBits - 1);

    /// <summary>
    /// Resamples along rows. A vector holds one, two or four source pixels, a 32-bit lane for each channel and one unused;
    /// sums are exact in any order, since integers wrap and the true sum fits 32 bits.
    /// </summary>
    private static Image Horizontal(Image source, PixelRect view, Weights weights)
    {
        int group = Avx512BW.IsSupported ? 4 : Avx2.IsSupported ? 2 : 1;
        int positions = weights.Start.Length;
        int groups = (weights.MaxCount + group - 1) / group;
        int[] expanded = ArrayPool<int>.Shared.Rent(positions * groups * group * 4);
        int[] starts = ArrayPool<int>.Shared.Rent(positions);
        Spread(weights, view.Width, groups * group, starts, expanded);
        var result = new Image(positions, view.Height);
        fixed (byte* from = source.PaddedPixels, to = result.PaddedPixels)
        fixed (int* weight = expanded, start = starts)
        {
            for (int y = 0; y < view.Height; y++)
            {
                byte* input = from + (long)(view.Y + y) * source.Stride + view.X * Image.Channels;
                byte* output = to + (long)y * result.Stride;
                if (group == 4)
                    HorizontalRow512(input, output, weight, start, groups, positions);
                else if (group == 2)
                    HorizontalRow256(input, output, weight, start, groups, positions);
                else
                    HorizontalRow128(input, output, weight, start, groups, positions);
            }
        }
        ArrayPool<int>.Shared.Return(expanded);
        ArrayPool<int>.Shared.Return(starts);
        return result;
    }

    /// <summary>
    /// Each weight four times, once for each lane of a pixel, and zeros up to the same number of pixels at every position: loops of one length
    /// are predicted. At the right edge the start moves left, so that at most a few bytes behind the last pixel are read, and these lie in the slack.
    /// </summary>
    private static void Spread(Weights weights, int width, int pixels, Span<int> starts, Span<int> expanded)
    {
        for (int i = 0; i < weights.Start.Length; i++)
        {
            starts[i] = Math.Min(weights.Start[i], Math.Max(width - pixels, 0));
            Span<int> row = expanded.Slice(i * pixels * 4, pixels * 4);
            row.Clear();
            row = row[((weights.Start[i] - starts[i]) * 4)..];
            for (int k = 0; k < weights.Count[i]; k++)
                row.Slice(k * 4, 4).Fill(weights.Values[i * weights.Taps + k]);
        }
    }

    private static void HorizontalRow512(byte* input, byte* output, int* weight, int* start, int groups, int positions)
    {
        // Pixel p of a group of four goes to the 128-bit lane p, its bytes zero-extended to 32 bits.
        const byte z = 0x80;
        Vector512<byte> spread = Vector512.Create(
            0, z, z, z, 1, z, z, z, 2, z, z, z, z, z, z, z,
            3, z, z, z, 4, z, z, z, 5, z, z, z, z, z, z, z,
            6, z, z, z, 7, z, z, z, 8, z, z, z, z, z, z, z,
            9, z, z, z, 10, z, z, z, 11, z, z, z, z, z, z, z);
        for (int x = 0; x < positions; x++, output += Image.Channels)
        {
            byte* pixel = input + start[x] * Image.Channels;
            Vector512<int> sum = Vector512<int>.Zero;
            for (int k = 0; k < groups; k++, pixel += 4 * Image.Channels, weight += 16)
            {
                Vector512<byte> bytes = Avx512F.BroadcastVector128ToVector512((int*)pixel).AsByte();
                sum += Avx512BW.Shuffle(bytes, spread).AsInt32() * Vector512.Load(weight);
            }
            Vector256<int> half = sum.GetLower() + sum.GetUpper();
            Store(output, half.GetLower() + half.GetUpper());
        }
    }

    private static void HorizontalRow256(byte* input, byte* output, int* weight, int* start, int groups, int positions)
    {
        const byte z = 0x80;
        Vector256<byte> spread = Vector256.Create(
            0, z, z, z, 1, z, z, z, 2, z, z, z, z, z, z, z,
            3, z, z, z, 4, z, z, z, 5, z, z, z, z, z, z, z);
        for (int x = 0; x < positions; x++, output += Image.Channels)
        {
            byte* pixel = input + start[x] * Image.Channels;
            Vector256<int> sum = Vector256<int>.Zero;
            for (int k = 0; k < groups; k++, pixel += 2 * Image.Channels, weight += 8)
            {
                Vector256<byte> bytes = Vector256.Create(*(long*)pixel).AsByte();
                sum += Avx2.Shuffle(bytes, spread).AsInt32() * Vector256.Load(weight);
            }
            Store(output, sum.GetLower() + sum.GetUpper());
        }
    }

    private static void HorizontalRow128(byte* input, byte* output, int* weight, int* start, int groups, int positions)
    {
        for (int x = 0; x < positions; x++, output += Image.Channels)
        {
            byte* pixel = input + start[x] * Image.Channels;
            Vector128<int> sum = Vector128<int>.Zero;
            for (int k = 0; k < groups; k++, pixel += Image.Channels, weight += 4)
                sum += Vector128.Create(pixel[0], pixel[1], pixel[2], 0) * Vector128.Load(weight);
            Store(output, sum);
        }
    }

    /// <summary>Rounds, clips and writes a pixel. One byte too many is written: the next pixel's, or the slack's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(byte* output, Vector128<int> sum)
    {
        sum = (sum + Vector128.Create(Half)) >> PrecisionBits;
        if (Sse41.IsSupported)
        {
            Vector128<short> saturated = Sse41.PackUnsignedSaturate(sum, sum).AsInt16();
            *(int*)output = Sse2.PackUnsignedSaturate(saturated, saturated).AsInt32().ToScalar();
            return;
        }
        Vector128<ushort> words = Vector128.Narrow(Vector128.Clamp(sum, Vector128<int>.Zero, Vector128.Create(255)).AsUInt32(), Vector128<uint>.Zero);
        *(int*)output = Vector128.Narrow(words, words).AsInt32().ToScalar();
    }

    /// <summary>Resamples along columns: each output row is a weighted sum of source rows, all channels alike.</summary>
    /// <param name="source">The image.</param>
    /// <param name="view">The columns wanted and the rows that the weights count from.</param>
    /// <param name="weights">One set for each output row.</param>
    /// <param name="firstRow">What the weights call the first row of the view.</param>
    private static Image Vertical(Image source, PixelRect view, Weights weights, int firstRow)
    {
        var result = new Image(view.Width, weights.Start.Length);
        int bytes = result.Stride;
        fixed (byte* from = source.PaddedPixels, to = result.PaddedPixels)
        fixed (int* values = weights.Values)
        {
            byte* corner = from + (long)view.Y * source.Stride + view.X * Image.Channels;
            for (int y = 0; y < weights.Start.Length; y++)
            {
                byte* input = corner + (long)(weights.Start[y] - firstRow) * source.Stride;
                VerticalRow(input, source.Stride, to + (long)y * bytes, bytes, values + y * weights.Taps, weights.Count[y]);
            }
        }
        return result;
    }

    /// <summary>Whole vectors run over the end of the row: the next row overwrites what they wrote, and behind the last row lies the slack.</summary>
    private static void VerticalRow(byte* input, int stride, byte* output, int bytes, int* weight, int taps)
    {
        int x = 0;
        if (Avx512BW.IsSupported)
        {
            for (; x < bytes; x += 16)
            {
                Vector512<int> sum = Vector512.Create(Half);
                for (int k = 0; k < taps; k++)
                    sum += Avx512F.ConvertToVector512Int32(Vector128.Load(input + x + (long)k * stride)) * Vector512.Create(weight[k]);
                Vector512<int> value = Vector512.Max(sum >> PrecisionBits, Vector512<int>.Zero);
                Avx512F.ConvertToVector128ByteWithSaturation(value.AsUInt32()).Store(output + x);
            }
            return;
        }
        for (; x < bytes; x += 8)
        {
            Vector128<int> low = Vector128.Create(Half), high = low;
            for (int k = 0; k < taps; k++)
            {
                Vector128<ushort> words = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)(input + x + (long)k * stride)).AsByte());
                Vector128<int> factor = Vector128.Create(weight[k]);
                low += Vector128.WidenLower(words).AsInt32() * factor;
                high += Vector128.WidenUpper(words).AsInt32() * factor;
            }
            Vector128<int> most = Vector128.Create(255);
            low = Vector128.Clamp(low >> PrecisionBits, Vector128<int>.Zero, most);
            high = Vector128.Clamp(high >> PrecisionBits, Vector128<int>.Zero, most);
            Vector128<ushort> packed = Vector128.Narrow(low, high).AsUInt16();
            *(long*)(output + x) = Vector128.Narrow(packed, packed).AsInt64().ToScalar();
        }
    }
}
