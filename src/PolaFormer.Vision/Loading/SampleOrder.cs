using PolaFormer.Tensors.Random;

namespace PolaFormer.Vision.Loading;

/// <summary>In which order an epoch visits the samples.</summary>
internal static class SampleOrder
{
    /// <summary>Sets the streams of orders apart from those of samples, whose epochs are never negative.</summary>
    private const ulong OrderStream = 1UL << 63;

    public static int[] Sequential(int count) => [.. Enumerable.Range(0, count)];

    /// <summary>A Fisher–Yates shuffle that depends on seed and epoch only. Its bias, below count / 2³², is far from noticeable.</summary>
    public static int[] Shuffled(int count, ulong seed, int epoch)
    {
        int[] order = Sequential(count);
        var philox = new Philox(seed, OrderStream | (uint)epoch);
        for (int i = count - 1; i > 0; i--)
        {
            int j = (int)(((ulong)philox.UInt32((ulong)i) * (ulong)(i + 1)) >> 32);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }
}
