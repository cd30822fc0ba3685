using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Masks;
using PolaFormer.Files;
using PolaFormer.Vision;

namespace PolaFormer.Detection.Data;

/// <summary>A folder of photographs and the annotations of their objects.</summary>
/// <param name="folder">Where the photographs lie.</param>
/// <param name="annotations">What is in them.</param>
/// <param name="images">Those that are used; all where null.</param>
public sealed class DetectionFolder(string folder, CocoDataset annotations, IReadOnlyList<CocoImage>? images = null) : IDetectionDataset
{
    /// <inheritdoc/>
    public IReadOnlyList<CocoImage> Images { get; } = images ?? annotations.Images;

    /// <inheritdoc/>
    public CocoDataset Annotations => annotations;

    /// <summary>The same with some of the images.</summary>
    public DetectionFolder With(IReadOnlyList<CocoImage> chosen) => new(folder, annotations, chosen);

    /// <summary>Reads annotations of COCO's form, and leaves out images whose files are missing.</summary>
    /// <param name="folder">Where the photographs lie.</param>
    /// <param name="file">The JSON file.</param>
    /// <returns>The images, and what was left out.</returns>
    /// <exception cref="FileException">The file cannot be read.</exception>
    public static (DetectionFolder Folder, IReadOnlyList<string> LeftOut) OfCoco(string folder, string file)
    {
        (CocoDataset dataset, CocoReader report) = CocoReader.Read(file);
        ILookup<bool, CocoImage> images = dataset.Images.ToLookup(image => IsInside(image.FileName) && File.Exists(Path.Combine(folder, image.FileName)));
        CocoImage[] there = [.. images[true]];
        if (there.Length == 0)
            throw new FileException(file, $"none of its {dataset.Images.Count} images is in {folder}.");
        var leftOut = report.Reasons.ToList();
        if (report.LeftOut > leftOut.Count)
            leftOut.Add($"{report.LeftOut - leftOut.Count} more entries");
        if (there.Length < dataset.Images.Count)
            leftOut.Add($"{dataset.Images.Count - there.Length} images whose files are missing, such as {images[false].First().FileName}");
        return (new DetectionFolder(folder, dataset, there), leftOut);
    }

    /// <inheritdoc/>
    public AnnotatedImage Read(CocoImage image)
    {
        string path = Path.Combine(folder, image.FileName);
        Image photo = ImageDecoder.Decode(path);
        if ((photo.Height, photo.Width) != (image.Height, image.Width))
            throw new ImageException($"{path}: it has {photo.Width} × {photo.Height} pixels, and {image.Width} × {image.Height} in its annotations.");
        (Box[] boxes, int[] labels, Box[] ignored, InstanceMasks masks) = annotations.ObjectsOf(image);
        bool hasMasks = image.Annotations.All(entry => entry.Polygons is not null || entry.Runs is not null);
        return new AnnotatedImage { Image = photo, Boxes = boxes, Labels = labels, Ignored = ignored, Masks = hasMasks ? masks : null, OriginalHeight = photo.Height, OriginalWidth = photo.Width };
    }

    // A file name must not lead out of the folder.
    private static bool IsInside(string name) => !Path.IsPathRooted(name) && !name.Split('/', '\\').Contains("..");
}
