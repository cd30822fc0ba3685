using System.Text;
using PolaFormer.Files;
using PolaFormer.Vision;
using SkiaSharp;

namespace PolaFormer.Analysis.Figures;

/// <summary>Panels with captions, in rows, under a title and above a note; written as PNG, SVG or PDF, which the file's ending says.</summary>
/// <param name="Title">Heading.</param>
/// <param name="Panels">Panels, from left to right and from top to bottom.</param>
public sealed record Figure(string Title, IReadOnlyList<FigurePanel> Panels)
{
    private const float Margin = 14, Gap = 16, TitleSize = 13, CaptionSize = 9.5f, NoteSize = 9, LegendSize = 10, SampleWidth = 26;
    private const float PngScale = 2;

    /// <summary>Panels in a row.</summary>
    public int Columns { get; init; } = 4;

    /// <summary>What holds for all panels: file, query, how to read the colours.</summary>
    public string Note { get; init; } = "";

    /// <summary>Endings of the formats.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".png", ".svg", ".pdf"];

    private int PanelsInARow => Math.Max(1, Math.Min(Columns, Panels.Count));

    private float PanelWidth => Panels.Count == 0 ? 0 : Panels.Max(panel => panel.Width);

    private float Width => (2 * Margin) + (PanelsInARow * PanelWidth) + ((PanelsInARow - 1) * Gap);

    private (string Label, LineStyle Style)[] Legend => [.. Panels.OfType<ChartPanel>().SelectMany(panel => panel.Lines).Select(line => (line.Label, line.Style)).DistinctBy(entry => entry.Label)];

    /// <summary>Whether a file's ending is one of a format.</summary>
    public static bool HasEnding(string path) => Endings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Writes it in the format that the ending says.</summary>
    /// <exception cref="ArgumentException">There is no format with this ending.</exception>
    /// <exception cref="FileException">The file cannot be written.</exception>
    public void Write(string path)
    {
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".png": OutputFile.Write(path, stream => stream.Write(ToPng())); break;
            case ".svg": OutputFile.Write(path, ToSvg()); break;
            case ".pdf": OutputFile.Write(path, stream => stream.Write(ToPdf())); break;
            default: throw new ArgumentException($"{path}: a figure is written as {string.Join(", ", Endings)}.", nameof(path));
        }
    }

    /// <summary>The figure as a PNG file, two pixels a point.</summary>
    public byte[] ToPng()
    {
        using SKImage image = Raster();
        using SKData data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    /// <summary>The figure as pixels, two a point.</summary>
    public Image ToImage()
    {
        using SKImage image = Raster();
        return PictureRaster.ToImage(image);
    }

    /// <summary>The figure as SVG; photographs in it are pixels, all else is not.</summary>
    public string ToSvg()
    {
        using var stream = new MemoryStream();
        var bounds = new SKRect(0, 0, Width, HeightOf(Rows()));
        using (SKCanvas canvas = SKSvgCanvas.Create(bounds, stream))
            Draw(canvas);

        // Readers without the font take one of similar width.
        string svg = Encoding.UTF8.GetString(stream.ToArray()).Replace($"font-family=\"{FigureFont.Name}\"", $"font-family=\"{FigureFont.Name}, Verdana, sans-serif\"", StringComparison.Ordinal);
        return svg[svg.IndexOf("<svg", StringComparison.Ordinal)..];
    }

    /// <summary>The figure as a PDF file of one page.</summary>
    public byte[] ToPdf()
    {
        using var stream = new MemoryStream();
        using (SKDocument document = SKDocument.CreatePdf(stream))
        {
            Draw(document.BeginPage(Width, HeightOf(Rows())));
            document.EndPage();
            document.Close();
        }

        return stream.ToArray();
    }

    private SKImage Raster() => PictureRaster.Drawn((int)(Width * PngScale), (int)(HeightOf(Rows()) * PngScale), canvas =>
    {
        canvas.Scale(PngScale);
        Draw(canvas);
    });

    private void Draw(SKCanvas canvas)
    {
        using (var white = new SKPaint { Color = SKColors.White })
            canvas.DrawRect(new SKRect(0, 0, Width, HeightOf(Rows())), white);
        float y = Margin;
        FigureText title = TextOf(Title, TitleSize);
        title.Draw(canvas, Margin, y, FigureColors.Text);
        y += title.Height + 6 + DrawLegend(canvas, y + title.Height + 2);
        foreach ((FigurePanel[] panels, float height) in Rows())
        {
            for (int i = 0; i < panels.Length; i++)
            {
                float x = Margin + (i * (PanelWidth + Gap));
                canvas.Save();
                canvas.Translate(x, y);
                panels[i].Draw(canvas);
                canvas.Restore();
                CaptionOf(panels[i]).Draw(canvas, x, y + panels.Max(panel => panel.Height) + 2, FigureColors.Text);
            }

            y += height + Gap;
        }

        TextOf(Note, NoteSize).Draw(canvas, Margin, y - (Gap / 2), FigureColors.Faint);
    }

    // Swatches with names, as many in a line as fit; returns the height.
    private float DrawLegend(SKCanvas? canvas, float top)
    {
        float x = Margin, y = top;
        if (Legend.Length == 0)
            return 0;
        foreach ((string label, LineStyle style) in Legend)
        {
            float width = SampleWidth + 5 + FigureText.WidthOf(label, LegendSize) + 14;
            if (x > Margin && x + width > Width - Margin)
                (x, y) = (Margin, y + (1.4f * LegendSize));
            if (canvas is not null)
                DrawSample(canvas, x, y, label, style);
            x += width;
        }

        return y + (1.6f * LegendSize) - top;
    }

    private static void DrawSample(SKCanvas canvas, float x, float y, string label, LineStyle style)
    {
        using SKPathEffect? dashes = style.Dashes.Count == 0 ? null : SKPathEffect.CreateDash([.. style.Dashes], 0);
        using var paint = new SKPaint { Color = SKColor.Parse(style.Color), StrokeWidth = 2, Style = SKPaintStyle.Stroke, IsAntialias = true, PathEffect = dashes };
        canvas.DrawLine(x, y + (0.65f * LegendSize), x + SampleWidth, y + (0.65f * LegendSize), paint);
        FigureText.DrawLine(canvas, label, x + SampleWidth + 5, y + LegendSize, LegendSize, FigureColors.Text);
    }

    private IReadOnlyList<(FigurePanel[] Panels, float Height)> Rows() =>
        [.. Panels.Chunk(PanelsInARow).Select(row => (row, row.Max(panel => panel.Height) + 2 + row.Max(panel => CaptionOf(panel).Height)))];

    private float HeightOf(IReadOnlyList<(FigurePanel[] Panels, float Height)> rows) =>
        Margin + TextOf(Title, TitleSize).Height + 6 + DrawLegend(null, 0) + rows.Sum(row => row.Height + Gap) - (Gap / 2) + TextOf(Note, NoteSize).Height + Margin;

    private FigureText CaptionOf(FigurePanel panel) => new(panel.Caption, CaptionSize, PanelWidth);

    private FigureText TextOf(string text, float size) => new(text, size, Width - (2 * Margin));
}
