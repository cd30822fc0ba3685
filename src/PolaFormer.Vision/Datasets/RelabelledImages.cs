namespace PolaFormer.Vision.Datasets;

/// <summary>The images of a data set under the labels of a longer list of classes, some of which may have no image.</summary>
public sealed class RelabelledImages : IImageDataset
{
    private readonly IImageDataset _images;
    private readonly int[] _labels;

    /// <summary>Finds the place of each of the data set's classes.</summary>
    /// <param name="images">The images.</param>
    /// <param name="classes">The longer list.</param>
    /// <exception cref="ArgumentException">A class of the images is not in the list.</exception>
    public RelabelledImages(IImageDataset images, IReadOnlyList<string> classes)
    {
        (_images, Classes) = (images, classes);
        string[] names = [.. classes];
        _labels = [.. images.Classes.Select(name => Array.IndexOf(names, name))];
        if (Array.IndexOf(_labels, -1) is >= 0 and var missing)
            throw new ArgumentException($"The class {images.Classes[missing]} is not among {string.Join(", ", classes)}.", nameof(classes));
    }

    /// <inheritdoc/>
    public int Count => _images.Count;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> ShardStarts => _images.ShardStarts;

    /// <inheritdoc/>
    public string NameOf(int index) => _images.NameOf(index);

    /// <inheritdoc/>
    public ImageSample Get(int index)
    {
        ImageSample sample = _images.Get(index);
        return sample with { Label = _labels[sample.Label] };
    }
}
