namespace PolaFormer.Vision.Transforms;

/// <summary>
/// Puts a border around the image that continues it by its mirror image, so that a crop behind this step shows the image smaller
/// than it is: objects of photographs fill less of the picture than those of data sets that were cut tightly.
/// </summary>
public sealed class MirrorBorder : IImageStep
{
    private readonly double _part;

    /// <summary>Makes the step.</summary>
    /// <param name="part">Width of the border as a part of the image's sides, from 0 to 1; rounded to whole pixels.</param>
    public MirrorBorder(double part)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(part);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(part, 1);
        _part = part;
    }

    /// <inheritdoc/>
    public Image Apply(Image image, IRandomSource random)
    {
        int horizontal = (int)Math.Round(_part * image.Width), vertical = (int)Math.Round(_part * image.Height);
        var result = new Image(image.Width + (2 * horizontal), image.Height + (2 * vertical));
        for (int y = 0; y < result.Height; y++)
        {
            Span<byte> source = image.Row(Mirrored(y - vertical, image.Height)), target = result.Row(y);
            source.CopyTo(target[(horizontal * Image.Channels)..]);
            for (int x = 0; x < horizontal; x++)
            {
                Pixel(source, Mirrored(x - horizontal, image.Width)).CopyTo(Pixel(target, x));
                Pixel(source, Mirrored(image.Width + x, image.Width)).CopyTo(Pixel(target, horizontal + image.Width + x));
            }
        }

        return result;
    }

    private static Span<byte> Pixel(Span<byte> row, int x) => row.Slice(x * Image.Channels, Image.Channels);

    // The border is at most as wide as the image; the pixel at the edge is repeated.
    private static int Mirrored(int position, int size) => position < 0 ? -1 - position : position < size ? position : (2 * size) - 1 - position;
}
