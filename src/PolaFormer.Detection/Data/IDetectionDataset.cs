namespace PolaFormer.Detection.Data;

/// <summary>Photographs with their objects, one at a time.</summary>
public interface IDetectionDataset
{
    /// <summary>Images with the sizes and objects of the annotations.</summary>
    IReadOnlyList<CocoImage> Images { get; }

    /// <summary>Categories and labels.</summary>
    CocoDataset Annotations { get; }

    /// <summary>Decodes an image and gives what is in it.</summary>
    /// <exception cref="Vision.ImageException">The file cannot be decoded.</exception>
    AnnotatedImage Read(CocoImage image);
}
