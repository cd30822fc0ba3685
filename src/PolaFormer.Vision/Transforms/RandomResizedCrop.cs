namespace PolaFormer.Vision.Transforms;

/// <summary>A random part of the image of random area and aspect ratio, resized to a square (Inception's crop, as timm and torchvision draw it).</summary>
public sealed class RandomResizedCrop : IImageStep
{
    private const int Attempts = 10;

    private readonly int _size;
    private readonly ResamplingFilter? _filter;
    private readonly (double Low, double High) _area;
    private readonly (double Low, double High) _ratio;

    /// <summary>Makes the step.</summary>
    /// <param name="size">Side of the result in pixels.</param>
    /// <param name="filter">The filter of the resize; null draws bilinear or bicubic for each image.</param>
    /// <param name="area">Smallest and largest part of the image's area; (0.08, 1) when absent.</param>
    /// <param name="ratio">Smallest and largest width over height, drawn on a logarithmic scale; (3/4, 4/3) when absent.</param>
    public RandomResizedCrop(int size, ResamplingFilter? filter = ResamplingFilter.Bicubic, (double Low, double High)? area = null, (double Low, double High)? ratio = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        _size = size;
        _filter = filter;
        _area = area ?? (0.08, 1);
        _ratio = ratio ?? (3.0 / 4, 4.0 / 3);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_ratio.Low, nameof(ratio));
    }

    /// <inheritdoc/>
    public Image Apply(Image image, IRandomSource random)
    {
        PixelRect part = Draw(image.Width, image.Height, random);
        return Resampling.Resize(image, part, _size, _size, _filter ?? Filters.Draw(random));
    }

    /// <summary>The part to take: draws an area and a ratio until they fit, ten times at most; then the largest central part of a permitted ratio.</summary>
    internal PixelRect Draw(int width, int height, IRandomSource random)
    {
        double pixels = (double)width * height;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            double area = random.Uniform(_area.Low, _area.High) * pixels;
            double ratio = Math.Exp(random.Uniform(Math.Log(_ratio.Low), Math.Log(_ratio.High)));
            int w = (int)Math.Round(Math.Sqrt(area * ratio)), h = (int)Math.Round(Math.Sqrt(area / ratio));
            if (w < 1 || h < 1 || w > width || h > height)
                continue;
            int y = random.Integer(0, height - h);
            return new(random.Integer(0, width - w), y, w, h);
        }
        return Fallback(width, height);
    }

    private PixelRect Fallback(int width, int height)
    {
        double ratio = (double)width / height;
        int w = width, h = height;
        if (ratio < _ratio.Low)
            h = (int)Math.Round(w / _ratio.Low);
        else if (ratio > _ratio.High)
            w = (int)Math.Round(h * _ratio.High);
        return new((width - w) / 2, (height - h) / 2, w, h);
    }
}
