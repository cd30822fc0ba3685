namespace PolaFormer.Vision.Transforms;

/// <summary>Turns a decoded image into network input.</summary>
public interface IImageTransform
{
    /// <summary>Side of the square output in pixels.</summary>
    int ImageSize { get; }

    /// <summary>Views that it makes of one image, each a square of that size.</summary>
    int ViewCount => 1;

    /// <summary>Transforms one image. Safe to call from several threads at once.</summary>
    /// <param name="image">The decoded image; it is not changed.</param>
    /// <param name="random">Where random choices come from.</param>
    /// <param name="destination">ViewCount · ImageSize · ImageSize · 3 values, channels last.</param>
    void Apply(Image image, IRandomSource random, Span<float> destination);
}
