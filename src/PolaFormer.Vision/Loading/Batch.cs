namespace PolaFormer.Vision.Loading;

/// <summary>Some images and their labels. The memory belongs to the loader: it is valid until the next batch is asked for.</summary>
public sealed class Batch
{
    private readonly float[] _images;
    private readonly int[] _labels;
    private readonly int[] _indices;

    internal Batch(int capacity, int imageSize, int viewCount)
    {
        (ImageSize, ViewCount) = (imageSize, viewCount);
        _images = new float[checked(capacity * viewCount * imageSize * imageSize * Image.Channels)];
        _labels = new int[capacity];
        _indices = new int[capacity];
    }

    /// <summary>Images in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>Side of every image in pixels.</summary>
    public int ImageSize { get; }

    /// <summary>Views of every image.</summary>
    public int ViewCount { get; }

    /// <summary>The normalised images, the views of each in turn: (Count · ViewCount, ImageSize, ImageSize, 3).</summary>
    public ReadOnlySpan<float> Images => _images.AsSpan(0, Count * ImageLength);

    /// <summary>The class of each image.</summary>
    public ReadOnlySpan<int> Labels => _labels.AsSpan(0, Count);

    /// <summary>The position of each image in the dataset.</summary>
    public ReadOnlySpan<int> Indices => _indices.AsSpan(0, Count);

    private int ImageLength => ViewCount * ImageSize * ImageSize * Image.Channels;

    internal void Clear() => Count = 0;

    /// <summary>Room for the next image; it counts once <see cref="Add"/> is called.</summary>
    internal Span<float> Next => _images.AsSpan(Count * ImageLength, ImageLength);

    internal void Add(int label, int index)
    {
        _labels[Count] = label;
        _indices[Count] = index;
        Count++;
    }
}
