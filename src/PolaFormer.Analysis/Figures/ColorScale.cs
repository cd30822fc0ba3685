using System.Globalization;
using ScottPlot;
using ScottPlot.Colormaps;
using SkiaSharp;

namespace PolaFormer.Analysis.Figures;

/// <summary>Values to colours: from dark violet to yellow, or for values around 0 from blue over white to red.</summary>
/// <param name="Low">The value of the first colour.</param>
/// <param name="High">The value of the last colour, above <paramref name="Low"/>.</param>
public sealed record ColorScale(double Low, double High)
{
    private const float BarHeight = 7, TextSize = 8.5f;
    private const int BarSteps = 128;

    private static readonly IColormap s_sequential = new Viridis(), s_diverging = new Balance();

    /// <summary>Height of a bar with its two numbers.</summary>
    internal static float Height => BarHeight + TextSize + 5;

    /// <summary>Whether 0 is in the middle.</summary>
    public bool IsDiverging { get; init; }

    /// <summary>A scale from the least to the most of some values; one around the value where all are equal.</summary>
    public static ColorScale Of(ReadOnlySpan<float> values)
    {
        (float low, float high) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (float value in values)
        {
            if (float.IsFinite(value))
                (low, high) = (MathF.Min(low, value), MathF.Max(high, value));
        }

        if (low > high)
            return new ColorScale(-1, 1);
        return low < high ? new ColorScale(low, high) : new ColorScale(low - 1, high + 1);
    }

    /// <summary>A scale with 0 in the middle.</summary>
    /// <param name="most">The largest distance from 0.</param>
    public static ColorScale Around0(double most) => new(-most, most) { IsDiverging = true };

    /// <summary>The range as text.</summary>
    public override string ToString() => $"{Number(Low)} to {Number(High)}";

    /// <summary>The colour of a value; of NaN that of the lowest.</summary>
    internal SKColor ColorOf(double value)
    {
        double share = (value - Low) / (High - Low);
        Color color = (IsDiverging ? s_diverging : s_sequential).GetColor(double.IsNaN(share) ? 0 : Math.Clamp(share, 0, 1));
        return new SKColor(color.R, color.G, color.B);
    }

    /// <summary>Draws the colours from left to right, the two ends as numbers below.</summary>
    internal void DrawBar(SKCanvas canvas, float x, float y, float width)
    {
        using SKBitmap bar = BitmapOf(BarSteps, 1, i => ColorOf(Low + ((High - Low) * i / (BarSteps - 1))));
        using var image = SKImage.FromBitmap(bar);
        canvas.DrawImage(image, new SKRect(x, y, x + width, y + BarHeight), new SKSamplingOptions(SKFilterMode.Linear));
        float baseline = y + BarHeight + TextSize + 1;
        FigureText.DrawLine(canvas, Number(Low), x, baseline, TextSize, FigureColors.Faint);
        FigureText.DrawLine(canvas, Number(High), x + width, baseline, TextSize, FigureColors.Faint, SKTextAlign.Right);
    }

    /// <summary>A bitmap of colours, row by row.</summary>
    internal static SKBitmap BitmapOf(int width, int height, Func<int, SKColor> color)
    {
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (int i = 0; i < width * height; i++)
            bitmap.SetPixel(i % width, i / width, color(i));
        return bitmap;
    }

    private static string Number(double value) => value.ToString("G3", CultureInfo.InvariantCulture);
}
