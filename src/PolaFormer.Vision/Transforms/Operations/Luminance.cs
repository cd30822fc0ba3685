using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Vision.Transforms.Operations;

/// <summary>Pillow's grey of a pixel: (19595·r + 38470·g + 7471·b + 2¹⁵) / 2¹⁶, the weights of ITU-R 601.</summary>
internal static unsafe class Luminance
{
    private const int Red = 19595, Green = 38470, Blue = 7471, Half = 1 << 15, Shift = 16;

    /// <summary>Pixels that a vector holds.</summary>
    private const int Group = 8;

    /// <summary>As an index of a byte shuffle: zero.</summary>
    private const byte Zero = 0x80;

    /// <summary>The grey levels' sum over some pixels. At most 2³⁰ / 255 of them.</summary>
    public static long Sum(byte* pixels, int count)
    {
        int i = 0;
        long sum = 0;
        if (Avx2.IsSupported)
        {
            Vector256<int> sums = Vector256<int>.Zero;
            for (; i <= count - Group; i += Group)
                sums += OfGroup(pixels + (i * Image.Channels));
            sum = Vector256.Sum(sums);
        }
        for (; i < count; i++)
            sum += Of(pixels + (i * Image.Channels));
        return sum;
    }

    /// <summary>Writes grey pixels. Some bytes behind the last one may be overwritten.</summary>
    public static void Spread(byte* pixels, byte* grey, int count)
    {
        int i = 0;
        if (Avx2.IsSupported)
        {
            // Every level three times; the second store overwrites the spare bytes of the first.
            Vector256<byte> triple = Vector256.Create(Vector128.Create(0, 0, 0, 4, 4, 4, 8, 8, 8, 12, 12, 12, Zero, Zero, Zero, Zero));
            for (; i <= count - Group; i += Group)
            {
                Vector256<byte> levels = Avx2.Shuffle(OfGroup(pixels + (i * Image.Channels)).AsByte(), triple);
                levels.GetLower().Store(grey + (i * Image.Channels));
                levels.GetUpper().Store(grey + (i * Image.Channels) + (Image.Channels * Group / 2));
            }
        }
        for (; i < count; i++)
        {
            byte* to = grey + (i * Image.Channels);
            to[0] = to[1] = to[2] = (byte)Of(pixels + (i * Image.Channels));
        }
    }

    private static int Of(byte* pixel) => ((Red * pixel[0]) + (Green * pixel[1]) + (Blue * pixel[2]) + Half) >> Shift;

    /// <summary>Green's weight does not fit 16 bits, so it is taken twice by half: (r, g, g, b) is multiplied.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> OfGroup(byte* pixels)
    {
        Vector256<byte> eight = Vector256.Create(Vector128.Load(pixels), Vector128.Load(pixels + (Image.Channels * Group / 2)));
        Vector256<byte> first = Vector256.Create(Vector128.Create(0, Zero, 1, Zero, 1, Zero, 2, Zero, 3, Zero, 4, Zero, 4, Zero, 5, Zero));
        Vector256<byte> second = Vector256.Create(Vector128.Create(6, Zero, 7, Zero, 7, Zero, 8, Zero, 9, Zero, 10, Zero, 10, Zero, 11, Zero));
        Vector256<short> weights = Vector256.Create(Vector128.Create((short)Red, Green / 2, Green / 2, Blue, Red, Green / 2, Green / 2, Blue));
        Vector256<int> low = Avx2.MultiplyAddAdjacent(Avx2.Shuffle(eight, first).AsInt16(), weights);
        Vector256<int> high = Avx2.MultiplyAddAdjacent(Avx2.Shuffle(eight, second).AsInt16(), weights);
        return (Avx2.HorizontalAdd(low, high) + Vector256.Create(Half)) >> Shift;
    }
}
