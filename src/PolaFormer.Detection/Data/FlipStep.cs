using PolaFormer.Detection.Boxes;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Detection.Data;

/// <summary>Exchanges left and right in every second image by chance; one draw of 0 for yes and 1 for no.</summary>
public sealed class FlipStep : IAnnotatedStep
{
    /// <inheritdoc/>
    public AnnotatedImage Apply(AnnotatedImage image, IRandomSource random)
    {
        if (random.Integer(0, 1) != 0)
            return image;
        int width = image.Image.Width;
        Box[] Flipped(Box[] boxes) => Array.ConvertAll(boxes, box => new Box(width - box.X2, box.Y1, width - box.X1, box.Y2));
        return image with
        {
            Image = HorizontalFlip.Flip(image.Image),
            Boxes = Flipped(image.Boxes),
            Ignored = Flipped(image.Ignored),
            Masks = image.Masks?.Flipped(horizontally: true, vertically: false),
            IsFlipped = true,
        };
    }
}
