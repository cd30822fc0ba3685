using PolaFormer.Vision;
using SkiaSharp;

namespace PolaFormer.Analysis.Figures;

/// <summary>An image, and over it the weights of a grid of tokens, each a square of its size unless they are to be smoothed.</summary>
/// <param name="Caption">What it shows.</param>
/// <param name="Picture">The image, which the grid covers.</param>
public sealed record MapPanel(string Caption, Image Picture) : FigurePanel(Caption)
{
    private const float Side = 200, Opacity = 0.65f;
    private const int Pixels = 576;

    /// <summary>Weights (rows, columns), row by row; none for the image alone.</summary>
    public float[] Weights { get; init; } = [];

    /// <summary>Rows of the weights.</summary>
    public int Rows { get; init; }

    /// <summary>Columns of the weights.</summary>
    public int Columns { get; init; }

    /// <summary>Colours; from the least weight to the most unless set.</summary>
    public ColorScale? Scale { get; init; }

    /// <summary>Whether weights are interpolated between the middles of tokens.</summary>
    public bool IsSmooth { get; init; }

    /// <summary>The framed token: its row and column, and the rows and columns of its grid.</summary>
    public (int Row, int Column, int Rows, int Columns)? Query { get; init; }

    /// <inheritdoc/>
    internal override float Width => Side;

    /// <inheritdoc/>
    internal override float Height => PictureHeight + (Weights.Length == 0 ? 0 : 4 + ColorScale.Height);

    private float PictureHeight => Side * Picture.Height / Picture.Width;

    private ColorScale Colors => Scale ?? ColorScale.Of(Weights);

    /// <summary>Image, weights and frame as pixels, without the scale.</summary>
    /// <param name="width">Width in pixels.</param>
    public Image ToImage(int width)
    {
        using SKImage drawn = PictureRaster.Drawn(width, (int)Math.Round((double)width * Picture.Height / Picture.Width), canvas =>
        {
            canvas.Scale(width / Side);
            DrawPicture(canvas);
        });
        return PictureRaster.ToImage(drawn);
    }

    /// <summary>The caption with the range of the weights, for pages that show the picture without its scale.</summary>
    public string CaptionWithRange => Weights.Length == 0 ? Caption : $"{Caption}; {Colors}";

    /// <inheritdoc/>
    internal override void Draw(SKCanvas canvas)
    {
        DrawPicture(canvas);
        if (Weights.Length > 0)
            Colors.DrawBar(canvas, 0, PictureHeight + 4, Side);
    }

    // The picture is a raster in every format; what is drawn on it is not.
    private void DrawPicture(SKCanvas canvas)
    {
        using SKImage image = PictureRaster.Of(Picture);
        using SKImage? drawn = Weights.Length == 0 ? null : PictureRaster.Drawn(Pixels, (int)(Pixels * PictureHeight / Side), target => DrawWeights(target, image));
        canvas.DrawImage(drawn ?? image, new SKRect(0, 0, Side, PictureHeight), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        if (Query is { } query)
            DrawFrame(canvas, query);
    }

    private void DrawWeights(SKCanvas canvas, SKImage image)
    {
        int height = (int)(Pixels * PictureHeight / Side);
        PictureRaster.DrawGray(canvas, image, Pixels, height);
        ColorScale colors = Colors;
        using SKBitmap bitmap = ColorScale.BitmapOf(Columns, Rows, i => colors.ColorOf(Weights[i]));
        using var heat = SKImage.FromBitmap(bitmap);
        using var paint = new SKPaint { Color = SKColors.White.WithAlpha((byte)(255 * Opacity)) };
        canvas.DrawImage(heat, new SKRect(0, 0, Pixels, height), new SKSamplingOptions(IsSmooth ? SKFilterMode.Linear : SKFilterMode.Nearest), paint);
    }

    private void DrawFrame(SKCanvas canvas, (int Row, int Column, int Rows, int Columns) query)
    {
        float cellWidth = Side / query.Columns, cellHeight = PictureHeight / query.Rows;
        var cell = SKRect.Create(query.Column * cellWidth, query.Row * cellHeight, cellWidth, cellHeight);

        // A cell of two points would be hidden by its own frame.
        cell.Inflate(Math.Max(0, (6 - cellWidth) / 2), Math.Max(0, (6 - cellHeight) / 2));
        foreach ((SKColor color, float width) in ((SKColor, float)[])[(SKColors.White, 3.2f), (FigureColors.Mark, 1.6f)])
        {
            using var paint = new SKPaint { Color = color, StrokeWidth = width, Style = SKPaintStyle.Stroke, IsAntialias = true };
            canvas.DrawRect(cell, paint);
        }
    }
}
