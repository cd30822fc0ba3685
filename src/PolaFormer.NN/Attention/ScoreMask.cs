using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>What is added to scores so that some queries do not attend to some keys.</summary>
internal static class ScoreMask
{
    private const float Excluded = -1e9f;

    /// <summary>
    /// (groups, rows, columns), or (B·groups, rows, columns) with a padding mask: 0 where a query attends to a key, −10⁹ elsewhere. Rows are 1
    /// where all queries of a group attend to the same keys.
    /// </summary>
    /// <param name="extents">Groups, rows of queries and columns of keys.</param>
    /// <param name="tokens">Tokens n of a sequence.</param>
    /// <param name="mask">(B, n): not 0 for a token, 0 for padding; none where every token counts.</param>
    /// <param name="token">Number of the token in a column of a group; one outside the sequence is masked.</param>
    /// <param name="attends">Whether a row of a group attends to a column of it, padding aside; all do where null.</param>
    /// <param name="device">Where the scores are.</param>
    public static Tensor Of((int Groups, int Rows, int Columns) extents, int tokens, Tensor? mask, Func<int, int, int> token, Func<int, int, int, bool>? attends, Device device)
    {
        (int groups, int rows, int columns) = extents;
        float[] seen = new float[groups * rows * columns];
        long[] places = new long[groups * columns];
        for (int i = 0; i < seen.Length; i++)
        {
            (int group, int row, int column) = (i / columns / rows, i / columns % rows, i % columns);
            int place = token(group, column);
            places[(group * columns) + column] = Math.Clamp(place, 0, tokens - 1);
            seen[i] = place >= 0 && place < tokens && (attends is null || attends(group, row, column)) ? 1 : 0;
        }

        Tensor pairs = Tensor.From(seen, [1, groups, rows, columns], device);
        if (mask is not null)
        {
            Tensor isToken = mask.Compare(Comparison.NotEqual, 0).Gather(1, Tensor.From(places, [groups * columns], device));
            pairs *= isToken.Reshape(mask.Shape[0], groups, 1, columns);
        }

        return pairs.Affine(-Excluded, Excluded).Reshape(-1, rows, columns);
    }
}
