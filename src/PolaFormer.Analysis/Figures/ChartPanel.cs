using System.Globalization;
using PolaFormer.Analysis.Report;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.Rendering.RenderActions;
using ScottPlot.TickGenerators;
using SkiaSharp;

namespace PolaFormer.Analysis.Figures;

/// <summary>Lines over two axes; their names stand in the figure's legend.</summary>
/// <param name="Caption">What it shows.</param>
/// <param name="XLabel">Name of the horizontal axis.</param>
/// <param name="YLabel">Name of the vertical axis.</param>
/// <param name="Lines">The lines.</param>
public sealed record ChartPanel(string Caption, string XLabel, string YLabel, IReadOnlyList<ChartLine> Lines) : FigurePanel(Caption)
{
    private const float PanelWidth = 330, PanelHeight = 250, LabelSize = 11, TickSize = 9.5f;
    private const int MostMarkers = 24;

    /// <summary>Whether the horizontal axis is logarithmic.</summary>
    public bool IsXLogarithmic { get; init; }

    /// <summary>Whether the vertical axis is logarithmic.</summary>
    public bool IsYLogarithmic { get; init; }

    /// <summary>Whether the points alone are drawn, without lines between them.</summary>
    public bool HasPointsAlone { get; init; }

    /// <summary>How much larger than usual it is drawn.</summary>
    public float Side { get; init; } = 1;

    /// <inheritdoc/>
    internal override float Width => PanelWidth * Side;

    /// <inheritdoc/>
    internal override float Height => PanelHeight * Side;

    /// <inheritdoc/>
    internal override void Draw(SKCanvas canvas)
    {
        using var plot = new Plot();
        FigureFont.Use();
        plot.Font.Set(FigureFont.Name);

        // A plot is alone on its canvas otherwise, and clears what is there.
        plot.RenderManager.Remove<ClearCanvas>();
        plot.RenderManager.Remove<RenderFigureBackground>();
        (double X, double Y)[] all = [.. Lines.SelectMany(line => line.Points).Where(IsDrawn).Select(Placed)];
        foreach (ChartLine line in Lines)
            Add(plot, line);
        plot.XLabel(PlainText.Of(XLabel), LabelSize);
        plot.YLabel(PlainText.Of(YLabel), LabelSize);
        foreach (IAxis axis in (IAxis[])[plot.Axes.Bottom, plot.Axes.Left])
        {
            axis.TickLabelStyle.FontSize = TickSize;
            axis.TickLabelStyle.FontName = FigureFont.Name;
        }

        plot.Axes.Bottom.Label.Bold = plot.Axes.Left.Label.Bold = false;
        plot.Axes.Bottom.Label.FontName = plot.Axes.Left.Label.FontName = FigureFont.Name;
        plot.Axes.Right.FrameLineStyle.IsVisible = plot.Axes.Top.FrameLineStyle.IsVisible = false;
        plot.Grid.MajorLineColor = Colors.Black.WithAlpha(.1);
        if (all.Length > 0)
            SetAxes(plot, all);

        // ScottPlot draws again where the limits of its axes have changed, as they have at first, and a vector file would hold both.
        using (var recorder = new SKPictureRecorder())
            plot.Render(recorder.BeginRecording(new SKRect(0, 0, Width, Height)), new PixelRect(0, Width, Height, 0));
        plot.Render(canvas, new PixelRect(0, Width, Height, 0));
    }

    private void Add(Plot plot, ChartLine line)
    {
        (double X, double Y)[] points = [.. line.Points.Where(IsDrawn).Select(Placed)];
        if (points.Length == 0)
            return;
        Scatter scatter = plot.Add.Scatter(points.Select(point => point.X).ToArray(), points.Select(point => point.Y).ToArray());
        var color = Color.FromHex(line.Style.Color);
        scatter.Color = color;
        scatter.LineWidth = HasPointsAlone ? 0 : 1.6f;
        scatter.MarkerSize = HasPointsAlone ? 4 : points.Length <= MostMarkers ? 4.5f : 0;
        // Dashes do not show on points.
        if (HasPointsAlone && line.Style.Dashes.Count > 0)
            (scatter.MarkerShape, scatter.MarkerLineWidth) = (MarkerShape.OpenCircle, 1.2f);
        scatter.LinePattern = new LinePattern([.. line.Style.Dashes], 0, "");
    }

    private void SetAxes(Plot plot, (double X, double Y)[] points)
    {
        (double left, double right) = Around(points.Select(point => point.X));
        (double bottom, double top) = Around(points.Select(point => point.Y));
        plot.Axes.SetLimits(left, right, bottom, top);
        if (IsXLogarithmic)
            plot.Axes.Bottom.TickGenerator = LogTicks(left, right);
        if (IsYLogarithmic)
            plot.Axes.Left.TickGenerator = LogTicks(bottom, top);
    }

    private static (double Low, double High) Around(IEnumerable<double> values)
    {
        double low = values.Min(), high = values.Max(), room = high > low ? 0.05 * (high - low) : 0.5;
        return (low - room, high + room);
    }

    // Powers of ten; where there are few of them, twice and five times these, and within a decade all multiples.
    private static NumericManual LogTicks(double low, double high)
    {
        var ticks = new NumericManual();
        bool isNarrow = high - low < 2.5, isWithinADecade = high - low < 0.7;
        for (int power = (int)Math.Floor(low); power <= high; power++)
        {
            foreach (int factor in Enumerable.Range(1, 9))
            {
                double value = factor * Math.Pow(10, power), place = Math.Log10(value);
                if (place < low || place > high)
                    continue;
                if (factor == 1 || (isNarrow && factor is 2 or 5) || isWithinADecade)
                    ticks.AddMajor(place, Text(value));
                else
                    ticks.AddMinor(place);
            }
        }

        return ticks;
    }

    private static string Text(double value) => value is >= 0.001 and < 1e6 ? value.ToString("#,0.###", CultureInfo.InvariantCulture) : value.ToString("0e0", CultureInfo.InvariantCulture);

    private (double X, double Y) Placed((double X, double Y) point) => (IsXLogarithmic ? Math.Log10(point.X) : point.X, IsYLogarithmic ? Math.Log10(point.Y) : point.Y);

    private bool IsDrawn((double X, double Y) point) => double.IsFinite(point.X) && double.IsFinite(point.Y) && (!IsXLogarithmic || point.X > 0) && (!IsYLogarithmic || point.Y > 0);
}
