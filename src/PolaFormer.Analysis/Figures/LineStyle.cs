namespace PolaFormer.Analysis.Figures;

/// <summary>How a line is drawn.</summary>
/// <param name="Color">As in HTML, <c>#0072b2</c>.</param>
/// <param name="Dashes">Lengths of dashes and gaps in turn; none for a whole line.</param>
public sealed record LineStyle(string Color, params IReadOnlyList<float> Dashes)
{
    // Okabe and Ito's colours, which most people tell apart, and two darker ones.
    private static readonly string[] s_colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444", "#8a7f00"];

    private static readonly float[][] s_dashes = [[], [8, 3], [2, 3], [8, 3, 2, 3], [4, 2]];

    /// <summary>A style for lines that only their number tells apart.</summary>
    /// <param name="number">From 0; every eight, the dashes change.</param>
    public static LineStyle Of(int number) => new(s_colors[number % s_colors.Length], s_dashes[number / s_colors.Length % s_dashes.Length]);

    /// <summary>The colour with other dashes.</summary>
    /// <param name="variant">From 0, which leaves it as it is.</param>
    public LineStyle Variant(int variant)
    {
        int own = Array.FindIndex(s_dashes, dashes => dashes.SequenceEqual(Dashes));
        return this with { Dashes = s_dashes[(Math.Max(own, 0) + variant) % s_dashes.Length] };
    }
}
