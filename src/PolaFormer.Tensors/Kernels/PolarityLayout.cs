using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Sizes that follow from the head size, and how tokens are cut into chunks; functions of shape only.</summary>
internal readonly struct PolarityLayout
{
    /// <summary>Work, in multiply-adds, below which a part is not worth handing to a thread.</summary>
    private const long Grain = 1 << 21;

    /// <summary>Chunks shorter than this would spend their time on adding up partial states.</summary>
    private const int ChunkTokens = 256;

    /// <summary>So many chunks keep that many threads busy, and as many partial states exist.</summary>
    private const int WantedUnits = 8;

    /// <summary>Tokens whose features exist at a time: whole tiles of 6, 12 or 14 rows, and little traffic with the state.</summary>
    public const int Block = 84;

    public PolarityLayout(int headDim)
    {
        HeadDim = headDim;
        Padded = Lanes.RoundUp(headDim, Lanes.CountFor(headDim));
        Width = 2 * Padded;
    }

    /// <summary>d, at least 2.</summary>
    public int HeadDim { get; }

    /// <summary>⌈d/2⌉: the columns of v that same-signed pairs read; opposite-signed ones read the others.</summary>
    public int Half => (HeadDim + 1) / 2;

    /// <summary>d rounded up to whole vectors; the columns past d hold zeros.</summary>
    public int Padded { get; }

    /// <summary>Features of a token: positive ones, then negative ones.</summary>
    public int Width { get; }

    /// <summary>Floats from one token's features to the next: an odd number of cache lines, so that a column does not evict itself.</summary>
    public int FeatureRow => Width + 16;

    /// <summary>Floats of one state: S (Width × Padded), then the mean (Width).</summary>
    public int State => (Width * Padded) + Width;

    /// <summary>Parts into which the tokens of each of <paramref name="pairs"/> (image, head) pairs are cut.</summary>
    public static int Chunks(int pairs, int tokens) =>
        Math.Clamp((WantedUnits + pairs - 1) / pairs, 1, Math.Max(1, tokens / ChunkTokens));

    /// <summary>Parts for <paramref name="units"/> units that take up <paramref name="tokens"/> tokens each.</summary>
    public int Parts(int units, int tokens) =>
        Math.Min(units, Workers.PartsFor((long)units * tokens * Width * Padded, Grain));
}
