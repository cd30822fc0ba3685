using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Data;

/// <summary>Images with the class of every pixel.</summary>
public interface ISegmentationDataset
{
    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>The path of an image, for messages.</summary>
    string NameOf(int index);

    /// <summary>Reads an image and its classes; safe from several threads.</summary>
    /// <exception cref="ImageException">A file cannot be read, the sizes differ, or a value is no class; the message names the file.</exception>
    (Image Image, LabelMap Labels) Read(int index);
}
