namespace PolaFormer.Vision.Transforms;

/// <summary>Turns a decoded image into network input.</summary>
public interface IImageTransform
{
    /// <summary>Side of the square output in pixels.</summary>
    int ImageSize { get; }

    /// <summary>Transforms one image. Safe to call from several threads at once.</summary>
    /// <param name="image">The decoded image; it is not changed.</param>
    /// <param name="random">Where random choices come from.</param>
    /// <param name="destination">ImageSize · ImageSize · 3 values, channels last.</param>
    void Apply(Image image, IRandomSource random, Span<float> destination);
}
