using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// The tokens of padded sequences without the padding, one row each, in order. What acts on single tokens is computed for these rows
/// alone; before attention they take their places again, and padding, which it does not see, holds the row of the token before it.
/// </summary>
public sealed class TokenRows
{
    // Padding below this share of all places is cheaper to compute than to take out.
    private const double ShareToTakeOut = 1.0 / 8;

    private TokenRows(Tensor ids, Tensor positions, Tensor places, Tensor rows) => (Ids, Positions, Places, Rows) = (ids, positions, places, rows);

    /// <summary>Number of the token of a row, Int64 (T).</summary>
    internal Tensor Ids { get; }

    /// <summary>Position of a row in its sequence, Int64 (T).</summary>
    internal Tensor Positions { get; }

    /// <summary>Place of a row among all of (B, N), Int64 (T).</summary>
    internal Tensor Places { get; }

    /// <summary>The row of every place, Int64 (B, N).</summary>
    internal Tensor Rows { get; }

    /// <summary>The rows of sequences; null where there is too little padding, or the device takes shapes best that do not follow from data.</summary>
    /// <param name="ids">Numbers of tokens, 0 for padding, (B, N).</param>
    /// <param name="length">Tokens of a padded sequence, N.</param>
    /// <param name="device">Where the rows are computed.</param>
    public static TokenRows? Of(ReadOnlySpan<long> ids, int length, Device device)
    {
        int count = ids.Length - ids.Count(0);
        if (count == 0 || count > (1 - ShareToTakeOut) * ids.Length || device.IsAsynchronous)
            return null;
        long[] numbers = new long[count], positions = new long[count], places = new long[count], rows = new long[ids.Length];
        int row = 0;
        for (int place = 0; place < ids.Length; place++)
        {
            if (ids[place] != 0)
                (numbers[row], positions[row], places[row++]) = (ids[place], place % length, place);
            rows[place] = Math.Max(row - 1, 0);
        }

        return new TokenRows(Tensor.From(numbers, [count], device), Tensor.From(positions, [count], device), Tensor.From(places, [count], device), Tensor.From(rows, [ids.Length / length, length], device));
    }

    /// <summary>Rows (T, C) at their places, (B, N, C).</summary>
    internal Tensor Place(Tensor x) => x.Embedding(Rows);

    /// <summary>The rows of places (B, N, C), (T, C).</summary>
    internal Tensor Take(Tensor x) => x.Reshape(checked((int)Rows.Count), -1).Embedding(Places);
}
