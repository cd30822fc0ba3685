namespace PolaFormer.Vision.Datasets;

/// <summary>A dataset whose images are read once, as they are stored, and held.</summary>
internal sealed class ImagesInMemory : IImageDataset
{
    private readonly IImageDataset _dataset;
    private readonly ImageSample[] _samples;

    /// <summary>Reads all images.</summary>
    /// <param name="dataset">Where they are.</param>
    /// <param name="name">For messages.</param>
    /// <param name="maxBytes">What they may take together.</param>
    /// <exception cref="ImageException">They take more, or cannot be read.</exception>
    public ImagesInMemory(IImageDataset dataset, string name, long maxBytes)
    {
        _dataset = dataset;
        _samples = new ImageSample[dataset.Count];
        for (int i = 0; i < _samples.Length; i++)
        {
            _samples[i] = dataset.Get(i);
            maxBytes -= _samples[i].Data.Length;
            if (maxBytes < 0)
                throw new ImageException($"{name}: {i} of {_samples.Length} images fill the memory that there is; read them when needed instead (CACHE_MODE no)");
        }
    }

    /// <inheritdoc/>
    public int Count => _samples.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes => _dataset.Classes;

    /// <inheritdoc/>
    public ImageSample Get(int index) => _samples[index];
}
