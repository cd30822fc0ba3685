namespace PolaFormer.Vision.Datasets;

/// <summary>Encoded images with class labels. Safe to read from several threads at once.</summary>
public interface IImageDataset
{
    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>Class names; their positions are the labels.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>
    /// Where neighbours in a file begin: position of the first image of every shard, ascending from 0. Shuffled orders keep close what lies
    /// close, so that a disk reads ahead; with one shard every image may follow every other.
    /// </summary>
    IReadOnlyList<int> ShardStarts => [0];

    /// <summary>Class of an image; data sets that know it do not read the image.</summary>
    /// <param name="index">0 … Count − 1.</param>
    /// <exception cref="ImageException">It cannot be read.</exception>
    int LabelOf(int index) => Get(index).Label;

    /// <summary>Where an image comes from, as <see cref="ImageSample.Name"/> says; data sets that know it do not read the image.</summary>
    /// <param name="index">0 … Count − 1.</param>
    /// <exception cref="ImageException">It cannot be read.</exception>
    string NameOf(int index) => Get(index).Name;

    /// <summary>One image as it is stored.</summary>
    /// <param name="index">0 … Count − 1.</param>
    /// <exception cref="ImageException">It cannot be read.</exception>
    ImageSample Get(int index);
}
