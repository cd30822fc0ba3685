using System.Buffers;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Vision;

public static unsafe partial class Resampling
{
    /// <summary>Resamples along columns: each output row is a weighted sum of source rows, all channels alike.</summary>
    /// <param name="source">The image.</param>
    /// <param name="view">The columns wanted and the rows that the weights count from.</param>
    /// <param name="weights">One set for each output row.</param>
    /// <param name="firstRow">What the weights call the first row of the view.</param>
    private static Image Vertical(Image source, PixelRect view, Weights weights, int firstRow)
    {
        var result = new Image(view.Width, weights.Start.Length);
        int bytes = result.Stride;
        int[] halves = ArrayPool<int>.Shared.Rent(weights.Taps + 1);
        fixed (byte* from = source.PaddedPixels, to = result.PaddedPixels)
        fixed (int* values = weights.Values, pairs = halves)
        {
            byte* corner = from + ((long)view.Y * source.Stride) + (view.X * Image.Channels);
            for (int y = 0; y < weights.Start.Length; y++)
            {
                byte* input = corner + ((long)(weights.Start[y] - firstRow) * source.Stride);
                byte* output = to + ((long)y * bytes);
                int* weight = values + (y * weights.Taps);
                int taps = weights.Count[y];
                if (!Avx2.IsSupported)
                {
                    VerticalRow128(input, source.Stride, output, bytes, weight, taps);
                    continue;
                }
                for (int k = 0; k < taps; k += 2)
                    (pairs[k], pairs[k + 1]) = PairHalves(weight[k], k + 1 < taps ? weight[k + 1] : 0);
                if (Avx512BW.IsSupported)
                    VerticalRow512(input, source.Stride, output, bytes, pairs, taps);
                else
                    VerticalRow256(input, source.Stride, output, bytes, pairs, taps);
            }
        }
        ArrayPool<int>.Shared.Return(halves);
        return result;
    }

    /// <summary>
    /// Two rows at a time, their bytes paired as 16-bit numbers. Whole vectors run over the end of the row: the next row overwrites what they
    /// wrote, and behind the last row lies the slack.
    /// </summary>
    private static void VerticalRow512(byte* input, int stride, byte* output, int bytes, int* pairs, int taps)
    {
        for (int x = 0; x < bytes; x += Vector256<byte>.Count)
        {
            Vector512<int> upperLeft = Vector512<int>.Zero, upperRight = upperLeft, lowerLeft = Vector512.Create(Half), lowerRight = lowerLeft;
            byte* row = input + x;
            for (int k = 0; k < taps; k += 2, row += 2L * stride)
            {
                // A row without a partner is its own, with weight zero.
                Vector512<short> first = Avx512BW.ConvertToVector512Int16(Vector256.Load(row));
                Vector512<short> second = Avx512BW.ConvertToVector512Int16(Vector256.Load(k + 1 < taps ? row + stride : row));
                Vector512<short> left = Avx512BW.UnpackLow(first, second), right = Avx512BW.UnpackHigh(first, second);
                Vector512<short> upper = Vector512.Create(pairs[k]).AsInt16(), lower = Vector512.Create(pairs[k + 1]).AsInt16();
                upperLeft += Avx512BW.MultiplyAddAdjacent(left, upper);
                upperRight += Avx512BW.MultiplyAddAdjacent(right, upper);
                lowerLeft += Avx512BW.MultiplyAddAdjacent(left, lower);
                lowerRight += Avx512BW.MultiplyAddAdjacent(right, lower);
            }
            Vector512<short> value = Avx512BW.PackSignedSaturate(
                ((upperLeft << LowerBits) + lowerLeft) >> PrecisionBits, ((upperRight << LowerBits) + lowerRight) >> PrecisionBits);
            Avx512BW.ConvertToVector256ByteWithSaturation(Vector512.Max(value, Vector512<short>.Zero).AsUInt16()).Store(output + x);
        }
    }

    private static void VerticalRow256(byte* input, int stride, byte* output, int bytes, int* pairs, int taps)
    {
        for (int x = 0; x < bytes; x += Vector128<byte>.Count)
        {
            Vector256<int> upperLeft = Vector256<int>.Zero, upperRight = upperLeft, lowerLeft = Vector256.Create(Half), lowerRight = lowerLeft;
            byte* row = input + x;
            for (int k = 0; k < taps; k += 2, row += 2L * stride)
            {
                Vector256<short> first = Avx2.ConvertToVector256Int16(Vector128.Load(row));
                Vector256<short> second = Avx2.ConvertToVector256Int16(Vector128.Load(k + 1 < taps ? row + stride : row));
                Vector256<short> left = Avx2.UnpackLow(first, second), right = Avx2.UnpackHigh(first, second);
                Vector256<short> upper = Vector256.Create(pairs[k]).AsInt16(), lower = Vector256.Create(pairs[k + 1]).AsInt16();
                upperLeft += Avx2.MultiplyAddAdjacent(left, upper);
                upperRight += Avx2.MultiplyAddAdjacent(right, upper);
                lowerLeft += Avx2.MultiplyAddAdjacent(left, lower);
                lowerRight += Avx2.MultiplyAddAdjacent(right, lower);
            }
            Vector256<short> value = Avx2.PackSignedSaturate(
                ((upperLeft << LowerBits) + lowerLeft) >> PrecisionBits, ((upperRight << LowerBits) + lowerRight) >> PrecisionBits);
            Sse2.PackUnsignedSaturate(value.GetLower(), value.GetUpper()).Store(output + x);
        }
    }

    private static void VerticalRow128(byte* input, int stride, byte* output, int bytes, int* weight, int taps)
    {
        for (int x = 0; x < bytes; x += 8)
        {
            Vector128<int> low = Vector128.Create(Half), high = low;
            for (int k = 0; k < taps; k++)
            {
                Vector128<ushort> words = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)(input + x + ((long)k * stride))).AsByte());
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
