using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Masks;
using PolaFormer.Vision.OpenCv;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Detection.Data;

/// <summary>
/// Resizes to the largest size of the same proportions within one of some scales, drawn where there are several (mmdetection's
/// Resize). Boxes are clipped to the image, masks take the nearest pixel.
/// </summary>
/// <param name="scales">Bounds of the sides in pixels, in any order.</param>
public sealed class ResizeStep(IReadOnlyList<(int Side, int OtherSide)> scales) : IAnnotatedStep
{
    /// <inheritdoc/>
    public AnnotatedImage Apply(AnnotatedImage image, IRandomSource random)
    {
        (int side, int other) = scales[scales.Count == 1 ? 0 : random.Integer(0, scales.Count - 1)];
        (int height, int width) = KeepRatio.SizeOf(image.Image.Height, image.Image.Width, side, other);
        float x = (float)((double)width / image.Image.Width), y = (float)((double)height / image.Image.Height);
        Box[] Scaled(Box[] boxes) => Array.ConvertAll(boxes, box => box.Scaled(x, y).Clipped(width, height));
        return image with
        {
            Image = BilinearResize.Apply(image.Image, width, height),
            Boxes = Scaled(image.Boxes),
            Ignored = Scaled(image.Ignored),
            Masks = image.Masks?.Resized(height, width),
            ScaleX = x,
            ScaleY = y,
        };
    }
}
