using System.Collections.Concurrent;
using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Vision.Loading;

/// <summary>
/// Turns a dataset into batches of normalised images, some batches ahead of their use. The batches of an epoch are a pure function of
/// dataset, transform, seed and epoch, whatever the number of workers.
/// </summary>
public sealed class DataLoader
{
    private readonly IImageDataset _dataset;
    private readonly IImageTransform _transform;
    private readonly DataLoaderOptions _options;
    private readonly PixelCache _cache;
    private readonly ConcurrentDictionary<int, string> _bad = new();

    /// <summary>Makes a loader.</summary>
    /// <param name="dataset">The images.</param>
    /// <param name="transform">What makes network input of them.</param>
    /// <param name="options">Batch size, order, threads.</param>
    public DataLoader(IImageDataset dataset, IImageTransform transform, DataLoaderOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Workers);
        _dataset = dataset;
        _transform = transform;
        _options = options;
        _cache = new(dataset.Count, options.CacheBytes);
    }

    /// <summary>Batches of an epoch.</summary>
    public int BatchCount => _options.DropLast
        ? _dataset.Count / _options.BatchSize
        : (_dataset.Count + _options.BatchSize - 1) / _options.BatchSize;

    /// <summary>Messages about the images skipped so far, each once.</summary>
    public IReadOnlyCollection<string> BadImages => [.. _bad.OrderBy(pair => pair.Key).Select(pair => pair.Value)];

    /// <summary>The batches of an epoch. A batch is valid until the next is asked for; one whose images are all bad is left out.</summary>
    /// <param name="epoch">Epoch, from 0.</param>
    /// <exception cref="ImageException">While enumerating: an image is bad, and bad images are not skipped.</exception>
    public IEnumerable<Batch> Epoch(int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        int[] order = _options.Shuffle ? SampleOrder.Shuffled(_dataset.Count, _options.Seed, epoch) : SampleOrder.Sequential(_dataset.Count);
        IEnumerable<Batch> batches = _options.Workers == 0 ? OnThisThread(order, epoch) : InBackground(order, epoch);
        return batches.Where(batch => batch.Count > 0);
    }

    private IEnumerable<Batch> OnThisThread(int[] order, int epoch)
    {
        var batch = new Batch(_options.BatchSize, _transform.ImageSize);
        for (int i = 0; i < BatchCount; i++)
        {
            Fill(batch, order, i, epoch);
            yield return batch;
        }
    }

    private IEnumerable<Batch> InBackground(int[] order, int epoch)
    {
        int ahead = Math.Max(_options.Prefetch, _options.Workers);
        using var prefetcher = new Prefetcher(BatchCount, ahead + 1, _options.Workers,
            () => new Batch(_options.BatchSize, _transform.ImageSize), (batch, i) => Fill(batch, order, i, epoch));
        for (int i = 0; i < BatchCount; i++)
            yield return prefetcher.Next();
    }

    private void Fill(Batch batch, int[] order, int batchIndex, int epoch)
    {
        batch.Clear();
        int first = batchIndex * _options.BatchSize, last = Math.Min(first + _options.BatchSize, order.Length);
        foreach (int index in order.AsSpan(first..last))
        {
            if (_bad.ContainsKey(index))
                continue;
            ImageSample sample = default;
            try
            {
                sample = _dataset.Get(index);
                Load(sample, index, epoch, batch.Next);
                batch.Add(sample.Label, index);
            }
            catch (ImageException error)
            {
                string message = sample.Name is null || error.Message.StartsWith(sample.Name, StringComparison.Ordinal) ? error.Message : $"{sample.Name}: {error.Message}";
                if (_options.BadImages == BadImagePolicy.Fail)
                    throw new ImageException(message, error);
                if (_bad.TryAdd(index, message))
                    _options.Report?.Invoke(message);
            }
        }
    }

    private void Load(ImageSample sample, int index, int epoch, Span<float> destination)
    {
        var random = new SampleRandom(_options.Seed, epoch, index);
        if (_cache.Find(index) is { } kept)
        {
            _transform.Apply(kept, random, destination);
            return;
        }
        using Image image = ImageDecoder.Decode(sample.Data.Span, _options.Decode);
        _cache.Offer(index, image);
        _transform.Apply(image, random, destination);
    }
}
