namespace PolaFormer.Vision.Transforms;

/// <summary>Pads the image with black on every side and takes a random square of it: the usual shift of small images.</summary>
public sealed class PadCrop : IImageStep
{
    private readonly int _size;
    private readonly int _padding;

    /// <summary>Makes the step.</summary>
    /// <param name="size">Side of the result in pixels.</param>
    /// <param name="padding">Black pixels on every side.</param>
    public PadCrop(int size, int padding = 4)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        _size = size;
        _padding = padding;
    }

    /// <inheritdoc/>
    /// <exception cref="ImageException">The padded image is smaller than the square.</exception>
    public Image Apply(Image image, IRandomSource random)
    {
        int spareWidth = image.Width + (2 * _padding) - _size, spareHeight = image.Height + (2 * _padding) - _size;
        if (spareWidth < 0 || spareHeight < 0)
            throw new ImageException($"an image of {image.Width}×{image.Height}, padded by {_padding}, holds no square of {_size}");
        int top = random.Integer(0, spareHeight) - _padding;
        int left = random.Integer(0, spareWidth) - _padding;
        return Take(image, left, top);
    }

    private Image Take(Image image, int left, int top)
    {
        var result = new Image(_size, _size);
        result.Pixels.Clear();
        int from = Math.Max(left, 0), to = Math.Min(left + _size, image.Width);
        if (from >= to)
            return result;
        for (int y = Math.Max(top, 0); y < Math.Min(top + _size, image.Height); y++)
        {
            image.Row(y)[(from * Image.Channels)..(to * Image.Channels)]
                .CopyTo(result.Row(y - top)[((from - left) * Image.Channels)..]);
        }
        return result;
    }
}
