using PolaFormer.Analysis.Figures;
using PolaFormer.Vision;

namespace PolaFormer.Analysis.Report;

/// <summary>A picture with its caption.</summary>
/// <param name="Caption">What it shows.</param>
/// <param name="Image">The picture.</param>
public sealed record ReportPicture(string Caption, Image Image)
{
    private const int Width = 288;

    /// <summary>The panels of a figure that are pictures, the range of their colours in the caption.</summary>
    public static IReadOnlyList<ReportPicture> Of(IEnumerable<FigurePanel> panels) => [.. panels.Select(Of).OfType<ReportPicture>()];

    private static ReportPicture? Of(FigurePanel panel) => panel switch
    {
        MapPanel map => new ReportPicture(map.CaptionWithRange, map.ToImage(Width)),
        MatrixPanel matrix => new ReportPicture(matrix.CaptionWithRange, matrix.ToImage(Width)),
        _ => null,
    };
}
