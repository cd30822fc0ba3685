namespace PolaFormer.Vision.Datasets;

/// <summary>Some images of a data set, under its classes.</summary>
/// <param name="images">The data set.</param>
/// <param name="indices">Positions of the images in it.</param>
public sealed class ImageSubset(IImageDataset images, IReadOnlyList<int> indices) : IImageDataset
{
    /// <summary>Positions of the images in the whole data set.</summary>
    public IReadOnlyList<int> Indices => indices;

    /// <inheritdoc/>
    public int Count => indices.Count;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes => images.Classes;

    /// <inheritdoc/>
    public int LabelOf(int index) => images.LabelOf(indices[index]);

    /// <inheritdoc/>
    public string NameOf(int index) => images.NameOf(indices[index]);

    /// <inheritdoc/>
    public ImageSample Get(int index) => images.Get(indices[index]);
}
