namespace PolaFormer.Vision.Transforms;

/// <summary>Augments, then normalises: the steps run in order, and the last must give a square of the network's size.</summary>
public sealed class TrainTransform : IImageTransform
{
    private readonly IImageStep[] _steps;
    private readonly Normalization _normalization;

    /// <summary>Makes the transform.</summary>
    /// <param name="imageSize">Side of the network's input in pixels.</param>
    /// <param name="steps">The augmentations in order.</param>
    /// <param name="normalization">ImageNet's statistics when absent.</param>
    public TrainTransform(int imageSize, IEnumerable<IImageStep> steps, Normalization? normalization = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(imageSize);
        ImageSize = imageSize;
        _steps = [.. steps];
        _normalization = normalization ?? Normalization.ImageNet;
    }

    /// <inheritdoc/>
    public int ImageSize { get; }

    /// <summary>A random resized crop and a flip: for photographs.</summary>
    /// <param name="imageSize">Side of the network's input in pixels.</param>
    /// <param name="filter">The filter of the resize.</param>
    /// <param name="normalization">ImageNet's statistics when absent.</param>
    public static TrainTransform Photographs(int imageSize, ResamplingFilter filter = ResamplingFilter.Bicubic, Normalization? normalization = null) =>
        new(imageSize, [new RandomResizedCrop(imageSize, filter), new HorizontalFlip()], normalization);

    /// <summary>A shift by up to four pixels and a flip: for images that have the network's size already, as CIFAR's.</summary>
    /// <param name="imageSize">Side of the images and of the network's input in pixels.</param>
    /// <param name="normalization">ImageNet's statistics when absent.</param>
    public static TrainTransform SmallImages(int imageSize = 32, Normalization? normalization = null) =>
        new(imageSize, [new PadCrop(imageSize), new HorizontalFlip()], normalization);

    /// <inheritdoc/>
    public void Apply(Image image, IRandomSource random, Span<float> destination)
    {
        Image current = image;
        try
        {
            foreach (IImageStep step in _steps)
            {
                Image next = step.Apply(current, random);
                if (!ReferenceEquals(current, next) && !ReferenceEquals(current, image))
                    current.Dispose();
                current = next;
            }
            _normalization.Apply(current, destination);
        }
        finally
        {
            if (!ReferenceEquals(current, image))
                current.Dispose();
        }
    }
}
