using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Sizes that follow from the head size for <see cref="PolarityAttentionPlusPlus"/>; functions of shape only.</summary>
internal readonly struct PolarityPlusPlusLayout
{
    private const long Grain = 1 << 21;

    public PolarityPlusPlusLayout(int headDim)
    {
        HeadDim = headDim;
        int lanes = LanesFor(headDim);
        Padded = Lanes.RoundUp(headDim, lanes);
        Width = 2 * Padded;
        HalfPadded = Lanes.RoundUp(Half, lanes);
        Columns = 2 * HalfPadded;
    }

    /// <summary>d.</summary>
    public int HeadDim { get; }

    /// <summary>d/2: the columns of v that one polarity reads.</summary>
    public int Half => HeadDim / 2;

    /// <summary>d rounded up to whole vectors; the columns past d hold zeros.</summary>
    public int Padded { get; }

    /// <summary>Features of a token: a front of Padded floats, then a back.</summary>
    public int Width { get; }

    /// <summary>Each half of v is rounded up by itself, so that both begin at a whole vector.</summary>
    public int HalfPadded { get; }

    public int Columns { get; }

    /// <summary>Tokens whose features exist at a time.</summary>
    public const int Block = PolarityLayout.Block;

    /// <summary>Floats of one state: S (Width × Columns), then the mean (Width).</summary>
    public int State => (Width * Columns) + Width;

    /// <summary>Floats of a query unit in the workspace: ∂S, ∂m, then the gradients of both temperatures.</summary>
    public int QueryUnit => State + (2 * Width);

    /// <summary>Vectors that divide half a head evenly, or 4.</summary>
    public static int LanesFor(int headDim) => Lanes.CountFor(headDim / 2);

    /// <summary>Parts for <paramref name="units"/> units that take up <paramref name="tokens"/> tokens each.</summary>
    public int Parts(int units, int tokens) =>
        Math.Min(units, Workers.PartsFor((long)units * tokens * Width * Columns, Grain));
}
