namespace PolaFormer.Vision.Datasets;

/// <summary>Encoded images with class labels. Safe to read from several threads at once.</summary>
public interface IImageDataset
{
    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>Class names; their positions are the labels.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>One image as it is stored.</summary>
    /// <param name="index">0 … Count − 1.</param>
    /// <exception cref="ImageException">It cannot be read.</exception>
    ImageSample Get(int index);
}
