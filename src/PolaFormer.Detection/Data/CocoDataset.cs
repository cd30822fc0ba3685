using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Masks;

namespace PolaFormer.Detection.Data;

/// <summary>Photographs with objects as COCO's annotation files have them (mmdetection's CocoDataset).</summary>
public sealed class CocoDataset
{
    private const int LeastSide = 32;

    private readonly Dictionary<long, int> _labels = [];

    /// <summary>Takes the images of a file.</summary>
    /// <param name="images">In the order of the file.</param>
    /// <param name="categories">In the order of the file, which is that of the labels.</param>
    /// <param name="wanted">Names of the categories that count; null for all.</param>
    public CocoDataset(IReadOnlyList<CocoImage> images, IReadOnlyList<CocoCategory> categories, IReadOnlyCollection<string>? wanted = null)
    {
        Images = images;
        Categories = [.. categories.Where(category => wanted is null || wanted.Contains(category.Name))];
        for (int i = 0; i < Categories.Count; i++)
            _labels[Categories[i].Id] = i;
    }

    /// <summary>All images.</summary>
    public IReadOnlyList<CocoImage> Images { get; }

    /// <summary>The categories that count; their places are the labels.</summary>
    public IReadOnlyList<CocoCategory> Categories { get; }

    /// <summary>Images for training: with an object of a known category, and no side under 32.</summary>
    public IReadOnlyList<CocoImage> TrainingImages =>
        [.. Images.Where(image => Math.Min(image.Width, image.Height) >= LeastSide && image.Annotations.Any(entry => _labels.ContainsKey(entry.Category)))];

    /// <summary>The label of a category; null for one that does not count.</summary>
    public int? LabelOf(long category) => _labels.TryGetValue(category, out int label) ? label : null;

    /// <summary>
    /// The objects of an image: without what is ignored, lies outside, has no area or a side under a pixel, or is of an unknown
    /// category. Crowds are regions without mask.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="keepsPolygons">Whether masks stay polygons; else they become pixels.</param>
    public (Box[] Boxes, int[] Labels, Box[] Ignored, InstanceMasks Masks) ObjectsOf(CocoImage image, bool keepsPolygons = false)
    {
        (List<Box> boxes, List<int> labels, List<Box> ignored, List<CocoAnnotation> kept) = ([], [], [], []);
        foreach (CocoAnnotation entry in image.Annotations)
        {
            (double x, double y, double width, double height) = entry.Box;
            double across = Math.Max(0, Math.Min(x + width, image.Width) - Math.Max(x, 0)), down = Math.Max(0, Math.Min(y + height, image.Height) - Math.Max(y, 0));
            if (entry.IsIgnored || across * down == 0 || entry.Area <= 0 || width < 1 || height < 1 || !_labels.TryGetValue(entry.Category, out int label))
                continue;
            var box = new Box((float)x, (float)y, (float)(x + width), (float)(y + height));
            if (entry.IsCrowd)
            {
                ignored.Add(box);
                continue;
            }

            boxes.Add(box);
            labels.Add(label);
            kept.Add(entry);
        }

        return ([.. boxes], [.. labels], [.. ignored], keepsPolygons && kept.All(entry => entry.Polygons is not null)
            ? new PolygonMasks(image.Height, image.Width, [.. kept.Select(entry => entry.Polygons!)])
            : new BitmapMasks(image.Height, image.Width, [.. kept.Select(entry => entry.MaskOf(image.Height, image.Width)?.ToBitmap() ?? new byte[image.Height * image.Width])]));
    }
}
