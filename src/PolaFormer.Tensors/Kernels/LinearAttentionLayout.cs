using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Sizes of linear attention and how tokens are cut into chunks; functions of shape only.</summary>
/// <param name="heads">Heads.</param>
/// <param name="headDim">Channels of a head, a multiple of four.</param>
internal readonly struct LinearAttentionLayout(int heads, int headDim)
{
    /// <summary>Work, in multiply-adds, below which a part is not worth handing to a thread.</summary>
    private const long Grain = 1 << 21;

    public int Heads => heads;

    public int HeadDim => headDim;

    public int Channels => heads * headDim;

    /// <summary>Floats of the states of all heads, d × d each, and of Σφ(k) behind them.</summary>
    public int State => Channels * (headDim + 1);

    /// <summary>Floats from one token's features to the next: an odd number of cache lines, so that a column does not evict itself.</summary>
    public int FeatureRow => Lanes.RoundUp(Channels, 32) + 16;

    /// <summary>Tokens whose features exist at a time: whole tiles of 6, 12 or 14 rows, in about 64 KiB for each buffer.</summary>
    public int Block => Math.Clamp(16384 / Channels / 14 * 14, 28, 84);

    /// <summary>Parts into which the tokens of each image are cut.</summary>
    public static int Chunks(int batch, int tokens) => PolarityLayout.Chunks(batch, tokens);

    /// <summary>Parts for <paramref name="units"/> units that take up <paramref name="tokens"/> tokens each.</summary>
    public int Parts(int units, int tokens) => Math.Min(units, Workers.PartsFor((long)units * tokens * Channels * headDim, Grain));
}
