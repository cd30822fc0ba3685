using PolaFormer.Detection.Boxes;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Detection.Data;

/// <summary>
/// Cuts a window whose sides are drawn between two bounds at a drawn place (mmdetection's RandomCrop by absolute_range): height,
/// width, then the offsets of rows and columns. Objects without area in it go; there may be none left.
/// </summary>
/// <param name="least">Smallest side in pixels, where the image is as large.</param>
/// <param name="most">Largest side.</param>
public sealed class CropStep(int least, int most) : IAnnotatedStep
{
    /// <inheritdoc/>
    public AnnotatedImage Apply(AnnotatedImage image, IRandomSource random)
    {
        int rows = image.Image.Height, columns = image.Image.Width;
        int height = random.Integer(Math.Min(rows, least), Math.Min(rows, most)), width = random.Integer(Math.Min(columns, least), Math.Min(columns, most));
        int top = random.Integer(0, rows - height), left = random.Integer(0, columns - width);
        var window = new Image(width, height);
        for (int y = 0; y < height; y++)
            image.Image.Row(top + y).Slice(left * Image.Channels, width * Image.Channels).CopyTo(window.Row(y));
        Box[] Moved(Box[] boxes) => Array.ConvertAll(boxes, box => new Box(box.X1 - left, box.Y1 - top, box.X2 - left, box.Y2 - top).Clipped(width, height));
        Box[] moved = Moved(image.Boxes);
        int[] kept = [.. Enumerable.Range(0, moved.Length).Where(i => moved[i].Width > 0 && moved[i].Height > 0)];
        return image with
        {
            Image = window,
            Boxes = [.. kept.Select(i => moved[i])],
            Labels = [.. kept.Select(i => image.Labels[i])],
            Ignored = [.. Moved(image.Ignored).Where(box => box.Width > 0 && box.Height > 0)],
            Masks = image.Masks?.Chosen(kept).Cropped(left, top, width, height),
        };
    }
}
