using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>Chooses tokens by their numbers.</summary>
internal static class TokenGather
{
    /// <summary>(…, n, d) → (…, count, d): tokens of each group, a group being one place of the leading dimensions.</summary>
    /// <param name="x">Tokens.</param>
    /// <param name="count">Tokens to take in each group.</param>
    /// <param name="token">Number of the token for a group and a place in the result; not asked on a device without data.</param>
    public static Tensor Take(Tensor x, int count, Func<int, int, int> token)
    {
        int tokens = x.Shape[-2], groups = checked((int)x.Shape.CountOf(0, x.Rank - 2));
        var rows = new long[groups * count];
        for (int i = 0; i < rows.Length && x.Device is not MetaDevice; i++)
            rows[i] = ((long)(i / count) * tokens) + token(i / count, i % count);
        return x.Reshape(groups * tokens, x.Shape[-1]).Embedding(Tensor.From(rows, x.Shape.With(-2, count).With(-1, 1))).Reshape(x.Shape.With(-2, count));
    }

    /// <summary>(…, n, d) → (…, count, d) with zeros after the tokens.</summary>
    public static Tensor Pad(Tensor x, int count) =>
        count == x.Shape[-2] ? x : Tensor.Concat(x.Rank - 2, x, Tensor.Zeros(x.Shape.With(-2, count - x.Shape[-2])));
}
