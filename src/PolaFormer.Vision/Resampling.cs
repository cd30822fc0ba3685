using System.Buffers;

namespace PolaFormer.Vision;

/// <summary>
/// Resizes images exactly as Pillow does: two separable passes, columns first, with fixed-point weights of 22 fractional bits and
/// an 8-bit image in between. Every byte of the result equals Pillow's.
/// </summary>
public static partial class Resampling
{
    /// <summary>Resizes a whole image. Equal sizes give a copy.</summary>
    /// <param name="source">The image.</param>
    /// <param name="width">New width, at least 1.</param>
    /// <param name="height">New height, at least 1.</param>
    /// <param name="filter">The filter.</param>
    public static Image Resize(Image source, int width, int height, ResamplingFilter filter) =>
        Resize(source, new PixelRect(0, 0, source.Width, source.Height), width, height, filter);

    /// <summary>Crops, then resizes the crop: pixels outside of it have no influence.</summary>
    /// <param name="source">The image.</param>
    /// <param name="crop">The part to resize, inside the image.</param>
    /// <param name="width">New width, at least 1.</param>
    /// <param name="height">New height, at least 1.</param>
    /// <param name="filter">The filter.</param>
    public static Image Resize(Image source, PixelRect crop, int width, int height, ResamplingFilter filter) =>
        Resize(source, crop, width, height, filter, new PixelRect(0, 0, width, height));

    /// <summary>Crops, resizes the crop, and crops again, computing only the pixels of the last crop.</summary>
    /// <param name="source">The image.</param>
    /// <param name="crop">The part to resize, inside the image.</param>
    /// <param name="width">Width of the resized crop, at least 1.</param>
    /// <param name="height">Height of the resized crop, at least 1.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="window">The part of the resized crop to return.</param>
    public static Image Resize(Image source, PixelRect crop, int width, int height, ResamplingFilter filter, PixelRect window)
    {
        crop.RequireInside(source.Width, source.Height);
        return Resize(source, crop, new ResampleBox(0, 0, crop.Width, crop.Height), width, height, filter, window);
    }

    /// <summary>Resizes a box with fractional corners, as Pillow's <c>resize(size, filter, box)</c>: pixels around it do have influence.</summary>
    /// <param name="source">The image.</param>
    /// <param name="box">The part to resize, inside the image.</param>
    /// <param name="width">New width, at least 1.</param>
    /// <param name="height">New height, at least 1.</param>
    /// <param name="filter">The filter.</param>
    public static Image Resize(Image source, ResampleBox box, int width, int height, ResamplingFilter filter)
    {
        if (!(box.Left >= 0 && box.Top >= 0 && box.Right <= source.Width && box.Bottom <= source.Height && box.Left < box.Right && box.Top < box.Bottom))
            throw new ArgumentOutOfRangeException(nameof(box), $"The box {box} is empty or leaves the image of {source.Width}×{source.Height}.");
        return Resize(source, new PixelRect(0, 0, source.Width, source.Height), box, width, height, filter, new PixelRect(0, 0, width, height));
    }

    private static Image Resize(Image source, PixelRect view, ResampleBox box, int width, int height, ResamplingFilter filter, PixelRect window)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        window.RequireInside(width, height);
        if (filter == ResamplingFilter.Nearest)
            return Nearest(source, view, box, width, height, window);

        bool horizontal = width != view.Width || box.Left != 0 || box.Right != width;
        bool vertical = height != view.Height || box.Top != 0 || box.Bottom != height;
        if (!horizontal && !vertical)
            return source.Crop(window with { X = view.X + window.X, Y = view.Y + window.Y });
        if (!vertical)
            return Horizontal(source, view with { Y = view.Y + window.Y, Height = window.Height }, new Weights(view.Width, box.Left, box.Right, width, filter, window.X, window.Width));

        var rows = new Weights(view.Height, box.Top, box.Bottom, height, filter, window.Y, window.Height);
        if (!horizontal)
            return Vertical(source, view with { X = view.X + window.X, Width = window.Width }, rows, firstRow: 0);

        // Only the rows that the second pass reads are made.
        int first = rows.Start[0], last = rows.Start[^1] + rows.Count[^1];
        if ((long)window.Width * (last - first) > Image.MaxPixels)
            throw new ImageException($"{view.Width}×{view.Height} pixels cannot be resized to {width}×{height}: it takes more memory than an image may");
        var columns = new Weights(view.Width, box.Left, box.Right, width, filter, window.X, window.Width);
        using Image between = Horizontal(source, view with { Y = view.Y + first, Height = last - first }, columns);
        return Vertical(between, new PixelRect(0, 0, between.Width, between.Height), rows, first);
    }

    /// <summary>Source positions are summed up step by step in double, as Pillow does; the order of roundings matters at ties.</summary>
    private static Image Nearest(Image source, PixelRect view, ResampleBox box, int width, int height, PixelRect window)
    {
        int[] columns = ArrayPool<int>.Shared.Rent(width);
        Positions(columns.AsSpan(0, width), box.Left, box.Right);
        int[] rows = ArrayPool<int>.Shared.Rent(height);
        Positions(rows.AsSpan(0, height), box.Top, box.Bottom);
        var result = new Image(window.Width, window.Height);
        for (int y = 0; y < window.Height; y++)
        {
            ReadOnlySpan<byte> from = source.Row(view.Y + Math.Min(rows[window.Y + y], view.Height - 1));
            Span<byte> to = result.Row(y);
            for (int x = 0; x < window.Width; x++)
            {
                int column = view.X + Math.Min(columns[window.X + x], view.Width - 1);
                from.Slice(column * Image.Channels, Image.Channels).CopyTo(to[(x * Image.Channels)..]);
            }
        }
        ArrayPool<int>.Shared.Return(columns);
        ArrayPool<int>.Shared.Return(rows);
        return result;
    }

    private static void Positions(Span<int> positions, float low, float high)
    {
        double scale = (double)(high - low) / positions.Length;
        double at = low + (scale * 0.5);
        foreach (ref int position in positions)
        {
            position = (int)at;
            at += scale;
        }
    }
}
