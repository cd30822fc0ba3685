using PolaFormer.Vision;

namespace PolaFormer.Analysis;

/// <summary>Weights as pictures: dark violet for the least, yellow for the most.</summary>
public static class HeatMap
{
    // Ten points of matplotlib's viridis; between them straight lines.
    private static readonly uint[] s_viridis = [0x440154, 0x482878, 0x3E4989, 0x31688E, 0x26828E, 0x1F9E89, 0x35B779, 0x6ECE58, 0xB5DE2B, 0xFDE725];

    /// <summary>Weights of a grid over an image: interpolated between the tokens' middles, scaled to their range, mixed with the grey image.</summary>
    /// <param name="image">The image, which the grid covers.</param>
    /// <param name="weights">(height, width), row by row.</param>
    /// <param name="height">Rows of the grid.</param>
    /// <param name="width">Columns of the grid.</param>
    /// <param name="opacity">Share of the colours, in [0, 1].</param>
    public static Image Over(Image image, ReadOnlySpan<float> weights, int height, int width, float opacity = 0.6f)
    {
        var picture = new Image(image.Width, image.Height);
        (float low, float high) = Range(weights);
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> source = image.Row(y);
            Span<byte> row = picture.Row(y);
            for (int x = 0; x < image.Width; x++)
            {
                float weight = Interpolated(weights, height, width, ((y + 0.5f) * height / image.Height) - 0.5f, ((x + 0.5f) * width / image.Width) - 0.5f);
                ReadOnlySpan<byte> pixel = source.Slice(3 * x, 3);
                float grey = (0.299f * pixel[0]) + (0.587f * pixel[1]) + (0.114f * pixel[2]);
                (float red, float green, float blue) = Color((weight - low) / (high - low));
                row[3 * x] = Mix(grey, red);
                row[(3 * x) + 1] = Mix(grey, green);
                row[(3 * x) + 2] = Mix(grey, blue);
            }
        }

        return picture;

        byte Mix(float grey, float color) => (byte)(((1 - opacity) * grey) + (opacity * color) + 0.5f);
    }

    /// <summary>A matrix, a square of pixels for each element, scaled to its range.</summary>
    /// <param name="values">(rows, columns), row by row.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="pixels">Side of an element's square.</param>
    public static Image OfMatrix(ReadOnlySpan<float> values, int columns, int pixels = 1)
    {
        int rows = values.Length / columns;
        var picture = new Image(columns * pixels, rows * pixels);
        (float low, float high) = Range(values);
        for (int y = 0; y < picture.Height; y++)
        {
            Span<byte> line = picture.Row(y);
            for (int x = 0; x < picture.Width; x++)
            {
                (float red, float green, float blue) = Color((values[(y / pixels * columns) + (x / pixels)] - low) / (high - low));
                (line[3 * x], line[(3 * x) + 1], line[(3 * x) + 2]) = ((byte)red, (byte)green, (byte)blue);
            }
        }

        return picture;
    }

    /// <summary>A white-and-red frame around a token of a grid, drawn into the image.</summary>
    public static void Mark(Image image, int row, int column, int height, int width)
    {
        int left = column * image.Width / width, right = Math.Max(left + 3, (column + 1) * image.Width / width) - 1;
        int top = row * image.Height / height, bottom = Math.Max(top + 3, (row + 1) * image.Height / height) - 1;
        Frame(image, left - 1, top - 1, right + 1, bottom + 1, [255, 255, 255]);
        Frame(image, left, top, right, bottom, [230, 30, 30]);
    }

    /// <summary>Images of one size side by side, row by row, on white.</summary>
    public static Image Tile(IReadOnlyList<Image> images, int columns, int gap = 6)
    {
        columns = Math.Min(columns, images.Count);
        int rows = (images.Count + columns - 1) / columns, width = images.Max(image => image.Width), height = images.Max(image => image.Height);
        var picture = new Image((columns * (width + gap)) - gap, (rows * (height + gap)) - gap);
        picture.Pixels.Fill(255);
        for (int i = 0; i < images.Count; i++)
        {
            for (int y = 0; y < images[i].Height; y++)
                images[i].Row(y).CopyTo(picture.Row((i / columns * (height + gap)) + y)[(3 * (i % columns) * (width + gap))..]);
        }

        return picture;
    }

    private static void Frame(Image image, int left, int top, int right, int bottom, ReadOnlySpan<byte> color)
    {
        for (int y = Math.Max(0, top); y <= Math.Min(image.Height - 1, bottom); y++)
        {
            for (int x = Math.Max(0, left); x <= Math.Min(image.Width - 1, right); x++)
            {
                if (y == top || y == bottom || x == left || x == right)
                    color.CopyTo(image.Row(y)[(3 * x)..]);
            }
        }
    }

    private static (float Low, float High) Range(ReadOnlySpan<float> values)
    {
        (float low, float high) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (float value in values)
        {
            if (float.IsFinite(value))
                (low, high) = (MathF.Min(low, value), MathF.Max(high, value));
        }

        return high > low ? (low, high) : (low - 1, low + 1);
    }

    private static float Interpolated(ReadOnlySpan<float> weights, int height, int width, float y, float x)
    {
        (y, x) = (Math.Clamp(y, 0, height - 1), Math.Clamp(x, 0, width - 1));
        int top = (int)y, left = (int)x, bottom = Math.Min(top + 1, height - 1), right = Math.Min(left + 1, width - 1);
        float above = float.Lerp(weights[(top * width) + left], weights[(top * width) + right], x - left);
        float below = float.Lerp(weights[(bottom * width) + left], weights[(bottom * width) + right], x - left);
        return float.Lerp(above, below, y - top);
    }

    private static (float Red, float Green, float Blue) Color(float share)
    {
        float place = (float.IsNaN(share) ? 0 : Math.Clamp(share, 0, 1)) * (s_viridis.Length - 1);
        int index = Math.Min((int)place, s_viridis.Length - 2);
        (uint a, uint b) = (s_viridis[index], s_viridis[index + 1]);
        return (Channel(16), Channel(8), Channel(0));

        float Channel(int shift) => float.Lerp((a >> shift) & 255, (b >> shift) & 255, place - index);
    }
}
