using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>How many tokens of each image are no padding.</summary>
internal static class TokenCount
{
    /// <summary>The sums of a mask (B, n), or n for every image without one.</summary>
    public static int[] Of(Tensor? mask, int batch, int tokens)
    {
        var counts = new int[batch];
        if (mask is null || mask.Device is MetaDevice)
            counts.AsSpan().Fill(tokens);
        for (int i = 0; i < batch && mask is { Device: not MetaDevice }; i++)
        {
            foreach (float isToken in mask.AsSpan<float>().Slice(i * tokens, tokens))
                counts[i] += (int)isToken;
        }

        return counts;
    }
}
