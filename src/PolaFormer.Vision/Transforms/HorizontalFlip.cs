namespace PolaFormer.Vision.Transforms;

/// <summary>Mirrors the image left to right with a given probability.</summary>
/// <param name="probability">In [0, 1].</param>
public sealed class HorizontalFlip(double probability = 0.5) : IImageStep
{
    /// <inheritdoc/>
    public Image Apply(Image image, IRandomSource random) => random.Uniform(0, 1) < probability ? Flip(image) : image;

    /// <summary>The image with left and right exchanged.</summary>
    public static Image Flip(Image image)
    {
        var result = new Image(image.Width, image.Height);
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> from = image.Row(y);
            Span<byte> to = result.Row(y);
            for (int left = 0, right = from.Length - Image.Channels; right >= 0; left += Image.Channels, right -= Image.Channels)
            {
                to[left] = from[right];
                to[left + 1] = from[right + 1];
                to[left + 2] = from[right + 2];
            }
        }
        return result;
    }
}
