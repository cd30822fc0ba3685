using PolaFormer.Tensors.Random;

namespace PolaFormer.LongRange.Data;

/// <summary>Orders by chance, a function of a seed and a stream.</summary>
internal static class Permutation
{
    /// <summary>0 … count − 1 in another order (Fisher and Yates).</summary>
    public static int[] Of(int count, ulong seed, ulong stream)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        uint[] words = new uint[count];
        new Philox(seed, stream).FillUInt32(words, 0);
        for (int i = count - 1; i > 0; i--)
        {
            int other = (int)((words[i] * ((ulong)i + 1)) >> 32);
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }
}
