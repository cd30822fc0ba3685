using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>Chooses tokens by their numbers.</summary>
internal static class TokenGather
{
    /// <summary>(…, n, d) → (…, count, d): the same tokens of every sequence.</summary>
    /// <param name="x">Tokens.</param>
    /// <param name="count">Tokens to take.</param>
    /// <param name="token">Number of the token for a place in the result.</param>
    public static Tensor Take(Tensor x, int count, Func<int, int> token) => Take(x, 1, count, (_, i) => token(i));

    /// <summary>(…, groups, n, d) → (…, groups, count, d): tokens of each group, the same ones for all dimensions before.</summary>
    /// <param name="x">Tokens.</param>
    /// <param name="groups">Groups, or 1 where all take the same.</param>
    /// <param name="count">Tokens to take in each group.</param>
    /// <param name="token">Number of the token for a group and a place in the result.</param>
    public static Tensor Take(Tensor x, int groups, int count, Func<int, int, int> token)
    {
        long[] tokens = new long[groups * count];
        for (int i = 0; i < tokens.Length; i++)
            tokens[i] = token(i / count, i % count);
        return x.Gather(-2, groups == 1 ? Tensor.From(tokens, [count, 1], x.Device) : Tensor.From(tokens, [groups, count, 1], x.Device));
    }

    /// <summary>(…, n, d) → (…, count, d) with zeros after the tokens.</summary>
    public static Tensor Pad(Tensor x, int count) =>
        count == x.Shape[-2] ? x : Tensor.Concat(x.Rank - 2, x, Tensor.Zeros(x.Shape.With(-2, count - x.Shape[-2]), x.Device));
}
