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

    /// <summary>Which views of an image are made.</summary>
    public ImageViews Views { get; init; }

    /// <inheritdoc/>
    public int ViewCount => Views == ImageViews.One ? 1 : 2 * Parts.Length;

    /// <summary>The filter of the resize.</summary>
    public ResamplingFilter Filter { get; }

    /// <summary>What the bytes become.</summary>
    public Normalization Normalization { get; }

    /// <summary>Side of the square, or of the shorter side, before the crop. The quotient is taken first, in double, as Python does.</summary>
    public int ResizeSize => ResizeMode == EvalResize.Square ? ImageSize : (int)(256.0 / 224 * ImageSize);

    /// <summary>The pixels that will be normalised: (ImageSize, ImageSize, 3).</summary>
    /// <param name="image">The decoded image.</param>
    public Image Pixels(Image image) => Pixels(image, 1);

    /// <summary>Transforms an image.</summary>
    /// <param name="image">The decoded image.</param>
    /// <param name="destination">ViewCount · ImageSize · ImageSize · 3 values, channels last.</param>
    public void Apply(Image image, Span<float> destination)
    {
        int length = ImageSize * ImageSize * Image.Channels;
        foreach (double part in Parts)
        {
            using Image pixels = Pixels(image, part);
            Normalization.Apply(pixels, destination[..length]);
            destination = destination[length..];
            if (Views == ImageViews.One)
                continue;
            using Image mirrored = HorizontalFlip.Flip(pixels);
            Normalization.Apply(mirrored, destination[..length]);
            destination = destination[length..];
        }
    }

    /// <summary>As <see cref="Apply(Image, Span{float})"/>: evaluation draws nothing.</summary>
    void IImageTransform.Apply(Image image, IRandomSource random, Span<float> destination) => Apply(image, destination);

    private ReadOnlySpan<double> Parts => Views == ImageViews.Zoomed ? [1, 0.8, 0.65] : [1];

    private Image Pixels(Image image, double part)
    {
        int cutWidth = Math.Max((int)Math.Round(part * image.Width), 1), cutHeight = Math.Max((int)Math.Round(part * image.Height), 1);
        var cut = new PixelRect((image.Width - cutWidth) / 2, (image.Height - cutHeight) / 2, cutWidth, cutHeight);
        (int width, int height) = TargetSize(cutWidth, cutHeight);
        return Resampling.Resize(image, cut, width, height, Filter, CenterCrop(width, height, ImageSize));
    }

    private (int Width, int Height) TargetSize(int width, int height)
    {
        if (ResizeMode != EvalResize.KeepAspect)
            return (ResizeSize, ResizeSize);
        return width <= height ? (ResizeSize, (int)(ResizeSize * (long)height / width)) : ((int)(ResizeSize * (long)width / height), ResizeSize);
    }

    /// <summary>The square in the middle; half pixels round to even.</summary>
    internal static PixelRect CenterCrop(int width, int height, int size) =>
        new((int)Math.Round((width - size) / 2.0), (int)Math.Round((height - size) / 2.0), size, size);
}
