using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Sizes that follow from the head size, and how tokens are cut into chunks; functions of shape only.</summary>
internal readonly struct PolarityLayout
{
    /// <summary>Work, in multiply-adds, below which a part is not worth handing to a thread.</summary>
    private const long Grain = 1 << 21;

    /// <summary>Chunks shorter than this would spend their time on adding up partial states.</summary>
    private const int ChunkTokens = 256;

    private const int WantedUnits = 32;

    public PolarityLayout(int headDim)
    {
        HeadDim = headDim;
        Padded = Lanes.RoundUp(headDim, Lanes.CountFor(headDim));
        Width = 2 * Padded;
        // The features of a block take at most 24 KiB; whole tiles of six rows.
        Block = Math.Clamp(6144 / Width / 6 * 6, 6, 96);
    }

    /// <summary>d.</summary>
    public int HeadDim { get; }

    /// <summary>d rounded up to whole vectors; the columns past d hold zeros.</summary>
    public int Padded { get; }

    /// <summary>Features of a token: positive ones, then negative ones.</summary>
    public int Width { get; }

    /// <summary>Tokens whose features exist at a time.</summary>
    public int Block { get; }

    /// <summary>Floats of one state: S (Width × Padded), then the mean (Width).</summary>
    public int State => Width * Padded + Width;

    /// <summary>Parts into which the tokens of each of <paramref name="pairs"/> (image, head) pairs are cut.</summary>
    public static int Chunks(int pairs, int tokens) =>
        Math.Clamp((WantedUnits + pairs - 1) / pairs, 1, Math.Max(1, tokens / ChunkTokens));

    /// <summary>Parts for <paramref name="units"/> units that take up <paramref name="tokens"/> tokens each.</summary>
    public int Parts(int units, int tokens) =>
        Math.Min(units, Workers.PartsFor((long)units * tokens * Width * Padded, Grain));
}
