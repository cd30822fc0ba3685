namespace PolaFormer.Vision.Decoding;

/// <summary>Turns and mirrors pixels into the upright position for the eight EXIF orientations.</summary>
internal static class Orientation
{
    /// <summary>The upright image. Each orientation is a walk over the source: an origin and the steps that one output column and row take.</summary>
    /// <param name="source">The image as stored.</param>
    /// <param name="orientation">1 … 8.</param>
    public static Image Apply(Image source, int orientation)
    {
        int right = Image.Channels, down = source.Stride;
        int lastColumn = (source.Width - 1) * right, lastRow = (source.Height - 1) * down;
        (int origin, int column, int row) = orientation switch
        {
            2 => (lastColumn, -right, down),
            3 => (lastColumn + lastRow, -right, -down),
            4 => (lastRow, right, -down),
            5 => (0, down, right),
            6 => (lastRow, -down, right),
            7 => (lastColumn + lastRow, -down, -right),
            8 => (lastColumn, down, -right),
            _ => (0, right, down),
        };
        bool swapped = orientation >= 5;
        var result = new Image(swapped ? source.Height : source.Width, swapped ? source.Width : source.Height);
        ReadOnlySpan<byte> from = source.Pixels;
        Span<byte> to = result.Pixels;
        int written = 0;
        for (int y = 0; y < result.Height; y++)
        {
            int read = origin + (y * row);
            for (int x = 0; x < result.Width; x++, read += column, written += Image.Channels)
                from.Slice(read, Image.Channels).CopyTo(to[written..]);
        }
        return result;
    }
}
