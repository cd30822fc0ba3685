namespace PolaFormer.Vision.Transforms;

/// <summary>Augments, normalises, then erases: the steps run in order, and the last must give a square of the network's size.</summary>
public sealed class TrainTransform : IImageTransform
{
    private readonly IImageStep[] _steps;
    private readonly Normalization _normalization;
    private readonly RandomErasing? _erasing;

    /// <summary>Makes the transform.</summary>
    /// <param name="imageSize">Side of the network's input in pixels.</param>
    /// <param name="steps">The augmentations in order.</param>
    /// <param name="normalization">ImageNet's statistics when absent.</param>
    /// <param name="erasing">What is erased after normalising; nothing when absent.</param>
    public TrainTransform(int imageSize, IEnumerable<IImageStep> steps, Normalization? normalization = null, RandomErasing? erasing = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(imageSize);
        ImageSize = imageSize;
        _steps = [.. steps];
        _normalization = normalization ?? Normalization.ImageNet;
        _erasing = erasing;
    }

    /// <inheritdoc/>
    public int ImageSize { get; }

    /// <summary>A random resized crop and a flip: for photographs.</summary>
    /// <param name="imageSize">Side of the network's input in pixels.</param>
    /// <param name="filter">The filter of the resize.</param>
    /// <param name="normalization">ImageNet's statistics when absent.</param>
    public static TrainTransform Photographs(int imageSize, ResamplingFilter filter = ResamplingFilter.Bicubic, Normalization? normalization = null) =>
        new(imageSize, [new RandomResizedCrop(imageSize, filter), new HorizontalFlip()], normalization);

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
            _erasing?.Apply(destination, ImageSize, ImageSize, random);
        }
        finally
        {
            if (!ReferenceEquals(current, image))
                current.Dispose();
        }
    }
}
