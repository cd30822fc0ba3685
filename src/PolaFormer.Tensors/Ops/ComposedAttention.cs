namespace PolaFormer.Tensors.Ops;

/// <summary>
/// The attention operators written out in elementary ones, as the papers state them: what the fused kernels are held
/// against, and a way round them when one is in doubt. Slower, and of memory quadratic or N×2d.
/// </summary>
public static class ComposedAttention
{
    private const float Epsilon = 1e-6f;

    [ThreadStatic]
    private static bool t_enabled;

    /// <summary>Whether attention on this thread runs composed instead of fused.</summary>
    public static bool IsEnabled
    {
        get => t_enabled;
        set => t_enabled = value;
    }

    internal static Tensor Polarity(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads)
    {
        Tensor p = exponent.Reshape(numHeads, 1, -1);
        Tensor q = Heads(Rows(query) * inverseScale, numHeads);
        Tensor k = Heads((Rows(key) + encoding.Reshape(1, key.Tokens, key.Width)) * inverseScale, numHeads);
        (Tensor positive, Tensor negative) = (q.Relu().Pow(p), (-q).Relu().Pow(p));
        Tensor keys = Tensor.Concat(-1, k.Relu().Pow(p), (-k).Relu().Pow(p));
        Tensor same = Tensor.Concat(-1, positive, negative), opposite = Tensor.Concat(-1, negative, positive);
        return Streams(same, opposite, keys, same, opposite, keys, Heads(Rows(value), numHeads));
    }

    internal static Tensor PolarityPlusPlus(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads)
    {
        Tensor q = Heads(Rows(query), numHeads), k = Heads(Rows(key), numHeads);
        (Tensor positive, Tensor negative) = (q.Relu(), (-q).Relu());
        Tensor sameFeatures = Tensor.Concat(-1, positive, negative) * same.Reshape(numHeads, 1, -1);
        Tensor oppositeFeatures = Tensor.Concat(-1, negative, positive) * opposite.Reshape(numHeads, 1, -1);
        Tensor f = sameFeatures.Exp() - 1, g = oppositeFeatures.Exp() - 1, keys = Tensor.Concat(-1, k.Relu(), (-k).Relu()).Exp() - 1;
        return Streams(f, g, keys, Turn(f, sin, cos), Turn(g, sin, cos), Turn(keys, sin, cos), Heads(Rows(value), numHeads));
    }

    internal static Tensor Softmax(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask)
    {
        Tensor scores = Heads(Rows(query), numHeads).MatMul(Heads(Rows(key), numHeads), transposeB: true) * scale;
        if (bias is not null)
            scores = scores + bias;
        if (mask is not null)
        {
            int groups = mask.Shape[0], images = scores.Shape[0] / groups, queries = scores.Shape[2], keys = scores.Shape[3];
            scores = (scores.Reshape(images, groups, numHeads, queries, keys) + mask.Reshape(groups, 1, mask.Shape[1], keys)).Reshape(scores.Shape);
        }

        return Merge(scores.Softmax().MatMul(Heads(Rows(value), numHeads)));
    }

    // y = [same·(k̃ᵀv₁)/(same·mean k̃), opposite·(k̃ᵀv₂)/(opposite·mean k̃)], normalised by the unturned features.
    private static Tensor Streams(Tensor same, Tensor opposite, Tensor keys, Tensor turnedSame, Tensor turnedOpposite, Tensor turnedKeys, Tensor value)
    {
        int half = (value.Shape[-1] + 1) / 2;
        Tensor state = turnedKeys.MatMul(value, transposeA: true) * (1f / value.Shape[2]);
        Tensor mean = keys.Mean(2, 2, keepDimensions: true);
        Tensor first = turnedSame.MatMul(state.Slice(-1, 0, half)) / (same.MatMul(mean, transposeB: true) + Epsilon);
        Tensor second = turnedOpposite.MatMul(state.Slice(-1, half, value.Shape[-1] - half)) / (opposite.MatMul(mean, transposeB: true) + Epsilon);
        return Merge(Tensor.Concat(-1, first, second));
    }

    private static Tensor Turn(Tensor x, Tensor sin, Tensor cos)
    {
        Tensor pairs = x.Reshape(x.Shape[0] * x.Shape[1], x.Shape[2], x.Shape[3] / 2, 2);
        Tensor turned = Tensor.Concat(-1, -pairs.Slice(-1, 1, 1), pairs.Slice(-1, 0, 1)).Reshape(x.Shape);
        return (x * cos) + (turned * sin);
    }

    // The operand's columns alone, (B, N, C).
    private static Tensor Rows(Columns x)
    {
        Tensor rows = x.Source.Reshape(x.Source.Shape[0], x.Tokens, x.RowStride);
        return x.Width == x.RowStride ? rows : rows.Slice(-1, x.Start, x.Width);
    }

    // (B, N, C) → (B, heads, N, d).
    private static Tensor Heads(Tensor x, int numHeads) => x.Reshape(x.Shape[0], x.Shape[1], numHeads, -1).Permute(0, 2, 1, 3);

    // (B, heads, N, d) → (B, N, C).
    private static Tensor Merge(Tensor x) => x.Permute(0, 2, 1, 3).Reshape(x.Shape[0], x.Shape[2], -1);
}
