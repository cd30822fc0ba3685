using PolaFormer.Vision;
using SkiaSharp;

namespace PolaFormer.Analysis.Figures;

/// <summary>Pictures between this project's form and SkiaSharp's.</summary>
internal static class PictureRaster
{
    private static readonly SKSamplingOptions s_smooth = new(SKCubicResampler.Mitchell);

    private static readonly SKColorFilter s_gray = SKColorFilter.CreateColorMatrix(
    [
        0.299f, 0.587f, 0.114f, 0, 0,
        0.299f, 0.587f, 0.114f, 0, 0,
        0.299f, 0.587f, 0.114f, 0, 0,
        0, 0, 0, 1, 0,
    ]);

    /// <summary>An image for SkiaSharp.</summary>
    public static SKImage Of(Image image)
    {
        byte[] rgba = new byte[image.Width * image.Height * 4];
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int i = 0; i < rgba.Length / 4; i++)
        {
            pixels.Slice(3 * i, 3).CopyTo(rgba.AsSpan(4 * i));
            rgba[(4 * i) + 3] = byte.MaxValue;
        }

        return SKImage.FromPixelCopy(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), rgba);
    }

    /// <summary>Draws on a white raster.</summary>
    public static SKImage Drawn(int width, int height, Action<SKCanvas> draw)
    {
        using var surface = SKSurface.Create(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
        surface.Canvas.Clear(SKColors.White);
        draw(surface.Canvas);
        return surface.Snapshot();
    }

    /// <summary>The picture in grey, stretched over a raster.</summary>
    public static void DrawGray(SKCanvas canvas, SKImage image, int width, int height)
    {
        using var paint = new SKPaint { ColorFilter = s_gray };
        canvas.DrawImage(image, new SKRect(0, 0, width, height), s_smooth, paint);
    }

    /// <summary>A raster in this project's form.</summary>
    public static Image ToImage(SKImage source)
    {
        using SKPixmap pixmap = source.PeekPixels();
        ReadOnlySpan<byte> rgba = pixmap.GetPixelSpan();
        var image = new Image(source.Width, source.Height);
        Span<byte> pixels = image.Pixels;
        for (int y = 0; y < source.Height; y++)
        {
            for (int x = 0; x < source.Width; x++)
                rgba.Slice((y * pixmap.RowBytes) + (4 * x), 3).CopyTo(pixels[(3 * ((y * source.Width) + x))..]);
        }

        return image;
    }
}
