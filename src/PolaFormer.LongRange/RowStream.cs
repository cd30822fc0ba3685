using PolaFormer.LongRange.Data;

namespace PolaFormer.LongRange;

/// <summary>
/// An endless stream of row numbers: all rows in one order, then in another one and so on; batches may span the seam. Every batch follows
/// from seed and number, so a stopped run goes on where it was.
/// </summary>
/// <param name="count">Rows.</param>
/// <param name="batchSize">Rows of a batch.</param>
/// <param name="seed">What the orders follow from.</param>
/// <param name="stream">Tells streams of one seed apart.</param>
public sealed class RowStream(int count, int batchSize, ulong seed, ulong stream)
{
    private readonly Dictionary<long, int[]> _orders = [];

    /// <summary>The rows of a batch.</summary>
    /// <param name="batch">Number, from 0.</param>
    public int[] Rows(long batch)
    {
        int[] rows = new int[batchSize];
        for (int i = 0; i < batchSize; i++)
        {
            (long turn, long place) = Math.DivRem((batch * batchSize) + i, count);
            rows[i] = OrderOf(turn)[place];
        }

        return rows;
    }

    private int[] OrderOf(long turn)
    {
        if (_orders.TryGetValue(turn, out int[]? order))
            return order;

        // Of all turns the last two are in use.
        if (_orders.Count > 1)
            _orders.Clear();
        return _orders[turn] = Permutation.Of(count, seed, (stream << 32) + (ulong)turn + 1);
    }
}
