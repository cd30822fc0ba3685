using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Vision;

public static unsafe partial class Resampling
{
    /// <summary>Positions are made in blocks of as many; the tables have zeros for the rest of the last block.</summary>
    private const int Block = 4;

    /// <summary>Taps that a vector holds: four pairs of 16-bit numbers for each colour.</summary>
    private const int Group = 8;

    /// <summary>Resamples along rows. Sums are exact in any order, since integers wrap and the true sum fits 32 bits.</summary>
    private static Image Horizontal(Image source, PixelRect view, Weights weights)
    {
        bool paired = Avx2.IsSupported;
        int positions = weights.Start.Length, blocks = (positions + Block - 1) / Block;
        int groups = (weights.MaxCount + Group - 1) / Group;
        int perPosition = paired ? groups * Group : weights.MaxCount * Vector128<int>.Count;
        int[] spread = ArrayPool<int>.Shared.Rent(blocks * Block * perPosition);
        int[] starts = ArrayPool<int>.Shared.Rent(blocks * Block);
        spread.AsSpan(positions * perPosition, ((blocks * Block) - positions) * perPosition).Clear();
        starts.AsSpan(positions, (blocks * Block) - positions).Clear();
        var result = new Image(positions, view.Height);
        fixed (byte* from = source.PaddedPixels, to = result.PaddedPixels)
        fixed (int* weight = spread, start = starts)
        {
            if (paired)
                SpreadPairs(weights, view.Width, groups, start, weight);
            else
                Spread(weights, start, weight);
            for (int y = 0; y < view.Height; y++)
            {
                byte* input = from + ((long)(view.Y + y) * source.Stride) + (view.X * Image.Channels);
                byte* output = to + ((long)y * result.Stride);
                if (Avx512BW.IsSupported)
                    HorizontalRow512(input, output, weight, start, groups, blocks);
                else if (paired)
                    HorizontalRow256(input, output, weight, start, groups, blocks);
                else
                    HorizontalRow128(input, output, weight, start, weights.MaxCount, positions);
            }
        }
        ArrayPool<int>.Shared.Return(spread);
        ArrayPool<int>.Shared.Return(starts);
        return result;
    }

    /// <summary>Each weight four times, once for each lane of a pixel, and zeros up to the same number of pixels at every position: loops of one length are predicted.</summary>
    private static void Spread(Weights weights, int* starts, int* spread)
    {
        for (int i = 0; i < weights.Start.Length; i++)
        {
            starts[i] = weights.Start[i];
            for (int k = 0; k < weights.MaxCount; k++, spread += Vector128<int>.Count)
                Vector128.Create(k < weights.Count[i] ? weights.Values[(i * weights.Taps) + k] : 0).Store(spread);
        }
    }

    /// <summary>
    /// Four pairs of upper halves of weights, then as many of lower halves, and zeros up to the same number of groups at every position. At the
    /// right edge the start moves left, so that at most a few bytes behind the last pixel are read, and these lie in the slack.
    /// </summary>
    private static void SpreadPairs(Weights weights, int width, int groups, int* starts, int* spread)
    {
        int pixels = groups * Group;
        for (int i = 0; i < weights.Start.Length; i++)
        {
            starts[i] = Math.Min(weights.Start[i], Math.Max(width - pixels, 0));
            ReadOnlySpan<int> values = weights.Values.AsSpan(i * weights.Taps, weights.Count[i]);
            int k = starts[i] - weights.Start[i];
            for (int group = 0; group < groups; group++, spread += Group)
                for (int pair = 0; pair < Group / 2; pair++, k += 2)
                    (spread[pair], spread[(Group / 2) + pair]) = PairHalves(
                        (uint)k < (uint)values.Length ? values[k] : 0, (uint)(k + 1) < (uint)values.Length ? values[k + 1] : 0);
        }
    }

    /// <summary>
    /// The bytes of eight pixels of one colour, extended to 16 bits, from the 16 bytes at the first pixel and from the 16 bytes eight further on,
    /// which hold what the first lack.
    /// </summary>
    private static (Vector128<byte> Near, Vector128<byte> Far) Pick(int colour)
    {
        Vector128<byte> offset = ((Vector128<short>.Indices * Image.Channels) + Vector128.Create((short)colour)).AsByte();
        Vector128<byte> isNear = Vector128.LessThan(offset, Vector128.Create((byte)16)), isByte = Vector128.Create((short)0xFF).AsByte();
        Vector128<byte> blank = Vector128.Create(Zero);
        return (Vector128.ConditionalSelect(isNear & isByte, offset, blank),
            Vector128.ConditionalSelect(~isNear & isByte, offset - Vector128.Create((byte)8), blank));
    }

    private static void HorizontalRow512(byte* input, byte* output, int* weight, int* start, int groups, int blocks)
    {
        // A 128-bit lane for each colour; the last is empty.
        (Vector128<byte> red, Vector128<byte> redFar) = Pick(0);
        (Vector128<byte> green, Vector128<byte> greenFar) = Pick(1);
        (Vector128<byte> blue, Vector128<byte> blueFar) = Pick(2);
        Vector512<byte> near = Vector512.Create(Vector256.Create(red, green), Vector256.Create(blue, Vector128.Create(Zero)));
        Vector512<byte> far = Vector512.Create(Vector256.Create(redFar, greenFar), Vector256.Create(blueFar, Vector128.Create(Zero)));
        Vector128<byte> interleave = Vector128.Create((byte)0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, Zero, Zero, Zero, Zero);
        Vector512<int> half = Vector512.Create(Half);
        int step = groups * Group;
        for (int block = 0; block < blocks; block++, output += Block * Image.Channels, start += Block, weight += Block * step)
        {
            Vector512<int> s0 = Sum(input + (start[0] * Image.Channels), weight, groups, near, far);
            Vector512<int> s1 = Sum(input + (start[1] * Image.Channels), weight + step, groups, near, far);
            Vector512<int> s2 = Sum(input + (start[2] * Image.Channels), weight + (2 * step), groups, near, far);
            Vector512<int> s3 = Sum(input + (start[3] * Image.Channels), weight + (3 * step), groups, near, far);
            // Adds up the four numbers of every lane, those of s0 into the first place, those of s1 into the second, and so on.
            Vector512<long> s01 = (Avx512F.UnpackLow(s0, s1) + Avx512F.UnpackHigh(s0, s1)).AsInt64();
            Vector512<long> s23 = (Avx512F.UnpackLow(s2, s3) + Avx512F.UnpackHigh(s2, s3)).AsInt64();
            Vector512<int> sum = Avx512F.UnpackLow(s01, s23).AsInt32() + Avx512F.UnpackHigh(s01, s23).AsInt32();
            Vector512<int> value = Vector512.Max((sum + half) >> PrecisionBits, Vector512<int>.Zero);
            Ssse3.Shuffle(Avx512F.ConvertToVector128ByteWithSaturation(value.AsUInt32()), interleave).Store(output);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector512<int> Sum(byte* pixels, int* weight, int groups, Vector512<byte> near, Vector512<byte> far)
        {
            Vector512<int> upper = Vector512<int>.Zero, lower = upper;
            for (int k = 0; k < groups; k++, pixels += Group * Image.Channels, weight += Group)
            {
                Vector512<short> colours = (Avx512BW.Shuffle(Avx512F.BroadcastVector128ToVector512((int*)pixels).AsByte(), near)
                    | Avx512BW.Shuffle(Avx512F.BroadcastVector128ToVector512((int*)(pixels + 8)).AsByte(), far)).AsInt16();
                upper += Avx512BW.MultiplyAddAdjacent(colours, Avx512F.BroadcastVector128ToVector512(weight).AsInt16());
                lower += Avx512BW.MultiplyAddAdjacent(colours, Avx512F.BroadcastVector128ToVector512(weight + (Group / 2)).AsInt16());
            }
            return (upper << LowerBits) + lower;
        }
    }

    /// <summary>As with 512 bits; here red and green share a vector, and blue has half of one.</summary>
    private static void HorizontalRow256(byte* input, byte* output, int* weight, int* start, int groups, int blocks)
    {
        (Vector128<byte> red, Vector128<byte> redFar) = Pick(0);
        (Vector128<byte> green, Vector128<byte> greenFar) = Pick(1);
        (Vector128<byte> blue, Vector128<byte> blueFar) = Pick(2);
        Vector256<byte> near = Vector256.Create(red, green), far = Vector256.Create(redFar, greenFar);
        Vector128<byte> interleave = Vector128.Create((byte)0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, Zero, Zero, Zero, Zero);
        Vector128<int> half = Vector128.Create(Half);
        Vector256<int>* redGreens = stackalloc Vector256<int>[Block];
        Vector128<int>* blueSums = stackalloc Vector128<int>[Block];
        for (int block = 0; block < blocks; block++, output += Block * Image.Channels)
        {
            for (int i = 0; i < Block; i++)
            {
                byte* pixels = input + (*start++ * Image.Channels);
                Vector256<int> upper = Vector256<int>.Zero, lower = upper;
                Vector128<int> upperBlue = Vector128<int>.Zero, lowerBlue = upperBlue;
                for (int k = 0; k < groups; k++, pixels += Group * Image.Channels, weight += Group)
                {
                    Vector256<byte> first = Avx2.BroadcastVector128ToVector256(pixels), second = Avx2.BroadcastVector128ToVector256(pixels + 8);
                    Vector256<short> colours = (Avx2.Shuffle(first, near) | Avx2.Shuffle(second, far)).AsInt16();
                    Vector128<short> blues = (Ssse3.Shuffle(first.GetLower(), blue) | Ssse3.Shuffle(second.GetLower(), blueFar)).AsInt16();
                    Vector256<short> upperWeights = Avx2.BroadcastVector128ToVector256(weight).AsInt16(), lowerWeights = Avx2.BroadcastVector128ToVector256(weight + (Group / 2)).AsInt16();
                    upper += Avx2.MultiplyAddAdjacent(colours, upperWeights);
                    lower += Avx2.MultiplyAddAdjacent(colours, lowerWeights);
                    upperBlue += Sse2.MultiplyAddAdjacent(blues, upperWeights.GetLower());
                    lowerBlue += Sse2.MultiplyAddAdjacent(blues, lowerWeights.GetLower());
                }
                redGreens[i] = (upper << LowerBits) + lower;
                blueSums[i] = (upperBlue << LowerBits) + lowerBlue;
            }
            Vector256<int> redGreen = Avx2.HorizontalAdd(Avx2.HorizontalAdd(redGreens[0], redGreens[1]), Avx2.HorizontalAdd(redGreens[2], redGreens[3]));
            Vector128<int> blueSum = Ssse3.HorizontalAdd(Ssse3.HorizontalAdd(blueSums[0], blueSums[1]), Ssse3.HorizontalAdd(blueSums[2], blueSums[3]));
            Vector128<short> packed = Sse2.PackSignedSaturate((redGreen.GetLower() + half) >> PrecisionBits, (redGreen.GetUpper() + half) >> PrecisionBits);
            Vector128<short> packedBlue = Sse2.PackSignedSaturate((blueSum + half) >> PrecisionBits, Vector128<int>.Zero);
            Ssse3.Shuffle(Sse2.PackUnsignedSaturate(packed, packedBlue), interleave).Store(output);
        }
    }

    private static void HorizontalRow128(byte* input, byte* output, int* weight, int* start, int taps, int positions)
    {
        for (int x = 0; x < positions; x++, output += Image.Channels)
        {
            byte* pixel = input + (start[x] * Image.Channels);
            Vector128<int> sum = Vector128.Create(Half);
            for (int k = 0; k < taps; k++, pixel += Image.Channels, weight += 4)
                sum += Vector128.Create(pixel[0], pixel[1], pixel[2], 0) * Vector128.Load(weight);
            Vector128<ushort> words = Vector128.Narrow(Vector128.Clamp(sum >> PrecisionBits, Vector128<int>.Zero, Vector128.Create(255)).AsUInt32(), Vector128<uint>.Zero);
            // One byte too many is written: the next pixel's, or the slack's.
            *(int*)output = Vector128.Narrow(words, words).AsInt32().ToScalar();
        }
    }
}
