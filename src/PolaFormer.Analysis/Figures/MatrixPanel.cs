using PolaFormer.Vision;
using SkiaSharp;

namespace PolaFormer.Analysis.Figures;

/// <summary>A matrix, a rectangle of colour for each element.</summary>
/// <param name="Caption">What it shows.</param>
/// <param name="Values">(rows, columns), row by row.</param>
/// <param name="Columns">Columns.</param>
public sealed record MatrixPanel(string Caption, float[] Values, int Columns) : FigurePanel(Caption)
{
    private const float Side = 200, MinHeight = 60, MaxHeight = 260;

    /// <summary>Colours; from the least value to the most unless set.</summary>
    public ColorScale? Scale { get; init; }

    /// <inheritdoc/>
    internal override float Width => Side;

    /// <inheritdoc/>
    internal override float Height => MatrixHeight + 4 + ColorScale.Height;

    /// <summary>The caption with the range of the values, for pages that show the picture without its scale.</summary>
    public string CaptionWithRange => $"{Caption}; {Colors}";

    private int Rows => Values.Length / Columns;

    private float MatrixHeight => Math.Clamp(Side * Rows / Columns, MinHeight, MaxHeight);

    private ColorScale Colors => Scale ?? ColorScale.Of(Values);

    /// <summary>The matrix as pixels, without the scale.</summary>
    /// <param name="width">Width in pixels.</param>
    public Image ToImage(int width)
    {
        using SKImage drawn = PictureRaster.Drawn(width, (int)(width * MatrixHeight / Side), canvas =>
        {
            canvas.Scale(width / Side);
            DrawMatrix(canvas);
        });
        return PictureRaster.ToImage(drawn);
    }

    /// <inheritdoc/>
    internal override void Draw(SKCanvas canvas)
    {
        DrawMatrix(canvas);
        Colors.DrawBar(canvas, 0, MatrixHeight + 4, Side);
    }

    private void DrawMatrix(SKCanvas canvas)
    {
        ColorScale colors = Colors;
        using SKBitmap bitmap = ColorScale.BitmapOf(Columns, Rows, i => colors.ColorOf(Values[i]));
        using var image = SKImage.FromBitmap(bitmap);

        // Viewers of vector formats smooth small pictures; a larger one keeps the edges of the elements.
        int scale = Math.Max(1, 600 / Math.Max(Columns, Rows));
        using SKImage raster = PictureRaster.Drawn(Columns * scale, Rows * scale, target => target.DrawImage(image, new SKRect(0, 0, Columns * scale, Rows * scale), new SKSamplingOptions(SKFilterMode.Nearest)));
        canvas.DrawImage(raster, new SKRect(0, 0, Side, MatrixHeight), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
    }
}
