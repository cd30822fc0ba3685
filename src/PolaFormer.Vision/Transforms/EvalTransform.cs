namespace PolaFormer.Vision.Transforms;

/// <summary>How <see cref="EvalTransform"/> brings an image to the network's size.</summary>
public enum EvalResize
{
    /// <summary>The authors' <c>TEST.CROP: true</c>: resize to a square 256/224 as large, not keeping the aspect ratio, then crop the centre.</summary>
    SquareThenCrop,

    /// <summary>The authors' <c>TEST.CROP: false</c>: resize to the network's size, not keeping the aspect ratio.</summary>
    Square,

    /// <summary>The common form: the shorter side becomes 256/224 as large, keeping the aspect ratio, then crop the centre.</summary>
    KeepAspect,
}

/// <summary>The deterministic transform of evaluation and prediction: resize, crop the centre, normalise.</summary>
public sealed class EvalTransform : IImageTransform
{
    /// <summary>Makes the transform.</summary>
    /// <param name="imageSize">Side of the network's input in pixels.</param>
    /// <param name="resize">How the image is brought to that size.</param>
    /// <param name="filter">Bicubic in the authors' configurations.</param>
    /// <param name="normalization">ImageNet's statistics when absent.</param>
    public EvalTransform(int imageSize = 224, EvalResize resize = EvalResize.SquareThenCrop, ResamplingFilter filter = ResamplingFilter.Bicubic, Normalization? normalization = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(imageSize);
        ImageSize = imageSize;
        ResizeMode = resize;
        Filter = filter;
        Normalization = normalization ?? Normalization.ImageNet;
    }

    /// <inheritdoc/>
    public int ImageSize { get; }

    /// <summary>How the image is brought to the network's size.</summary>
    public EvalResize ResizeMode { get; }

    /// <summary>The filter of the resize.</summary>
    public ResamplingFilter Filter { get; }

    /// <summary>What the bytes become.</summary>
    public Normalization Normalization { get; }

    /// <summary>Side of the square, or of the shorter side, before the crop. The quotient is taken first, in double, as Python does.</summary>
    public int ResizeSize => ResizeMode == EvalResize.Square ? ImageSize : (int)(256.0 / 224 * ImageSize);

    /// <summary>The pixels that will be normalised: (ImageSize, ImageSize, 3).</summary>
    /// <param name="image">The decoded image.</param>
    public Image Pixels(Image image)
    {
        (int width, int height) = TargetSize(image);
        PixelRect window = CenterCrop(width, height, ImageSize);
        return Resampling.Resize(image, new PixelRect(0, 0, image.Width, image.Height), width, height, Filter, window);
    }

    /// <summary>Transforms an image.</summary>
    /// <param name="image">The decoded image.</param>
    /// <param name="destination">ImageSize · ImageSize · 3 values, channels last.</param>
    public void Apply(Image image, Span<float> destination)
    {
        using Image pixels = Pixels(image);
        Normalization.Apply(pixels, destination);
    }

    /// <summary>As <see cref="Apply(Image, Span{float})"/>: evaluation draws nothing.</summary>
    void IImageTransform.Apply(Image image, IRandomSource random, Span<float> destination) => Apply(image, destination);

    private (int Width, int Height) TargetSize(Image image)
    {
        if (ResizeMode != EvalResize.KeepAspect)
            return (ResizeSize, ResizeSize);
        return image.Width <= image.Height
            ? (ResizeSize, (int)(ResizeSize * (long)image.Height / image.Width))
            : ((int)(ResizeSize * (long)image.Width / image.Height), ResizeSize);
    }

    /// <summary>The square in the middle; half pixels round to even.</summary>
    internal static PixelRect CenterCrop(int width, int height, int size) =>
        new((int)Math.Round((width - size) / 2.0), (int)Math.Round((height - size) / 2.0), size, size);
}
