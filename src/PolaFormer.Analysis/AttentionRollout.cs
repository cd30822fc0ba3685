namespace PolaFormer.Analysis;

/// <summary>
/// Attention rollout (Abnar and Zuidema, ACL 2020, https://arxiv.org/abs/2005.00928): how much every token of the first layer
/// reaches the last one's tokens, each layer a half of its weights, averaged over heads, and a half of the residual. Carried
/// backwards as one vector, u ← (u + uᵀA) / 2, so no map is formed; between stages a token's share is spread over the tokens it
/// was merged from.
/// </summary>
public static class AttentionRollout
{
    /// <summary>Shares of the first layer's grid, (Height, Width) row by row, that sum to 1.</summary>
    /// <param name="layers">All layers of a network, first layer first.</param>
    public static float[] Of(IReadOnlyList<ProbedLayer> layers)
    {
        float[] shares = new float[layers[^1].Queries];
        if (layers[^1].PrefixTokens > 0)
            shares[0] = 1;
        else
            Array.Fill(shares, 1f / shares.Length);
        return Back(layers, shares, Evenly);
    }

    /// <summary>
    /// The same for a class: it starts from the places that Grad-CAM gives, or from the class token, and a head counts by what its
    /// values contribute to the logit, Σ v·∂L/∂v (Michel et al., NeurIPS 2019, https://arxiv.org/abs/1905.10650), where that is above 0.
    /// </summary>
    public static float[] OfClass(ClassProbe probe)
    {
        ProbedLayer last = probe.Layers[^1];
        float[] shares = new float[last.Queries];
        bool isOnGrid = (probe.FeatureRows, probe.FeatureColumns, last.PrefixTokens) == (last.Height, last.Width, 0);
        float[] places = isOnGrid ? GradCam.Of(probe) : [];
        if (last.PrefixTokens > 0)
            shares[0] = 1;
        else if (places.Sum() > 0)
            shares = Normalized(places);
        else
            Array.Fill(shares, 1f / shares.Length);
        return Back(probe.Layers, shares, Contributions);
    }

    private static float[] Back(IReadOnlyList<ProbedLayer> layers, float[] shares, Func<ProbedLayer, float[]> headShares)
    {
        for (int i = layers.Count - 1; i >= 0; i--)
        {
            if (i < layers.Count - 1)
                shares = Spread(shares, layers[i + 1], layers[i]);
            shares = Through(layers[i], shares, headShares(layers[i]));
        }

        return Normalized(shares[layers[0].PrefixTokens..]);
    }

    private static float[] Evenly(ProbedLayer layer)
    {
        float[] shares = new float[layer.NumHeads * layer.Streams];
        Array.Fill(shares, 1f / shares.Length);
        return shares;
    }

    // Σ v·∂L/∂v of every head and stream, without those below 0, scaled to sum 1; even where none is above.
    private static float[] Contributions(ProbedLayer layer)
    {
        float[] values = layer.Inputs.Value.Source.ToArray(), sums = new float[layer.NumHeads * layer.Streams];
        int dim = layer.Mechanism.Shape.Dim;
        for (int i = 0; i < sums.Length; i++)
        {
            int first = layer.Channel(i / layer.Streams, i % layer.Streams);
            for (int at = first; at < values.Length; at += dim)
            {
                for (int c = 0; c < layer.RunLength; c++)
                    sums[i] += values[at + c] * layer.ValueGradient[at + c];
            }

            sums[i] = MathF.Max(sums[i], 0);
        }

        return sums.Sum() > 0 ? Normalized(sums) : Evenly(layer);
    }

    private static float[] Through(ProbedLayer layer, float[] shares, float[] headShares)
    {
        float[][] sums = AttentionWeights.RowSums(layer);
        float[][] pulled = AttentionWeights.Pull(layer, [.. sums.Select(sum => shares.Zip(sum, (share, total) => total == 0 ? 0 : share / total).ToArray())]);
        float[] result = new float[shares.Length];
        foreach ((int head, float[] part) in pulled.Index())
        {
            float[] spread = SpreadKeys(part, layer);
            for (int i = 0; i < result.Length; i++)
                result[i] += 0.5f * spread[i] * headShares[head];
        }

        for (int i = 0; i < result.Length; i++)
            result[i] += 0.5f * shares[i];
        return result;
    }

    // Each key's share, over the square of queries it was made from.
    private static float[] SpreadKeys(float[] keys, ProbedLayer layer)
    {
        int stride = layer.KeyStride;
        if (stride <= 1)
            return keys;
        int prefix = keys.Length - (layer.Height / stride * (layer.Width / stride));
        float[] spread = new float[layer.Queries];
        keys.AsSpan(0, prefix).CopyTo(spread);
        SpreadGrid(keys.AsSpan(prefix), layer.Height / stride, layer.Width / stride, spread.AsSpan(layer.PrefixTokens), layer.Height, layer.Width);
        return spread;
    }

    // From a layer's tokens to those of the layer before, which may be a finer grid. A prefix token that it lacks has no source in the image.
    private static float[] Spread(float[] shares, ProbedLayer from, ProbedLayer to)
    {
        float[] spread = new float[to.Queries];
        shares.AsSpan(0, Math.Min(from.PrefixTokens, to.PrefixTokens)).CopyTo(spread);
        SpreadGrid(shares.AsSpan(from.PrefixTokens), from.Height, from.Width, spread.AsSpan(to.PrefixTokens), to.Height, to.Width);
        return spread;
    }

    private static void SpreadGrid(ReadOnlySpan<float> coarse, int coarseHeight, int coarseWidth, Span<float> fine, int height, int width)
    {
        float area = (float)(coarseHeight * coarseWidth) / (height * width);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                fine[(y * width) + x] = area * coarse[(y * coarseHeight / height * coarseWidth) + (x * coarseWidth / width)];
    }

    private static float[] Normalized(float[] shares)
    {
        float sum = shares.Sum();
        return [.. shares.Select(share => share / sum)];
    }
}
