using System.Collections.Concurrent;
using System.Diagnostics;
using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Vision.Loading;

/// <summary>
/// Turns a dataset into batches of normalised images, some batches ahead of their use. The batches of an epoch are a pure function of
/// dataset, transform, seed and epoch, whatever the number of workers, whatever was seen before, and wherever the epoch is taken up.
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

    /// <summary>How long callers have waited for batches so far.</summary>
    public TimeSpan WaitTime { get; private set; }

    /// <summary>The batches of an epoch, as <see cref="Epoch(int, IReadOnlyList{int})"/> gives them.</summary>
    /// <param name="epoch">Epoch, from 0.</param>
    /// <param name="firstBatch">Batch to begin with, 0 … <see cref="BatchCount"/>: those before are neither read nor decoded.</param>
    /// <exception cref="ImageException">While enumerating: an image is bad, and bad images are not skipped; or all of a batch are.</exception>
    public IEnumerable<Batch> Epoch(int epoch, int firstBatch = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstBatch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstBatch, BatchCount);
        return Epoch(epoch, [.. Enumerable.Range(firstBatch, BatchCount - firstBatch)]);
    }

    /// <summary>
    /// Some batches of an epoch, each valid until the next is asked for. One whose images are all bad is left out; where
    /// <see cref="DataLoaderOptions.DropLast"/> asks for epochs of equal length it is an error.
    /// </summary>
    /// <param name="epoch">Epoch, from 0.</param>
    /// <param name="numbers">Numbers of the batches, each 0 … <see cref="BatchCount"/> − 1: the others are neither read nor decoded.</param>
    /// <exception cref="ImageException">While enumerating: an image is bad, and bad images are not skipped; or all of a batch are.</exception>
    public IEnumerable<Batch> Epoch(int epoch, IReadOnlyList<int> numbers)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        int[] order = _options is { Shuffle: true, BalancedBy: { } labels }
            ? SampleOrder.Balanced(labels, _options.Seed, epoch)
            : _options.Shuffle ? SampleOrder.Shuffled(_dataset.Count, _options.Seed, epoch, _dataset.ShardStarts) : SampleOrder.Sequential(_dataset.Count);
        IEnumerable<Batch> batches = _options.Workers == 0 ? OnThisThread(order, epoch, numbers) : InBackground(order, epoch, numbers);
        return batches.Where(batch => batch.Count > 0);
    }

    private IEnumerable<Batch> OnThisThread(int[] order, int epoch, IReadOnlyList<int> numbers)
    {
        var batch = new Batch(_options.BatchSize, _transform.ImageSize, _transform.ViewCount);
        foreach (int number in numbers)
        {
            long start = Stopwatch.GetTimestamp();
            Fill(batch, order, number, epoch);
            WaitTime += Stopwatch.GetElapsedTime(start);
            yield return batch;
        }
    }

    private IEnumerable<Batch> InBackground(int[] order, int epoch, IReadOnlyList<int> numbers)
    {
        int ahead = Math.Max(_options.Prefetch, _options.Workers);
        using var prefetcher = new Prefetcher(numbers.Count, ahead + 1, _options.Workers,
            () => new Batch(_options.BatchSize, _transform.ImageSize, _transform.ViewCount), (batch, i) => Fill(batch, order, numbers[i], epoch));
        for (int i = 0; i < numbers.Count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Batch batch = prefetcher.Next();
            WaitTime += Stopwatch.GetElapsedTime(start);
            yield return batch;
        }
    }

    private void Fill(Batch batch, int[] order, int batchIndex, int epoch)
    {
        batch.Clear();
        int first = batchIndex * _options.BatchSize, last = Math.Min(first + _options.BatchSize, order.Length);
        foreach (int index in order.AsSpan(first..last))
        {
            if (_bad.ContainsKey(index))
                continue;
            try
            {
                batch.Add(Load(index, epoch, batch.Next), index);
            }
            catch (ImageException error)
            {
                if (_options.BadImages == BadImagePolicy.Fail)
                    throw new ImageException(error.Message.TrimEnd('.') + _options.BadImageAdvice, error);
                if (_bad.TryAdd(index, error.Message))
                    _options.Report?.Invoke(error.Message);
            }
        }
        if (batch.Count == 0 && _options.DropLast)
            throw new ImageException($"all {last - first} images of batch {batchIndex + 1} in epoch {epoch + 1} are bad: a step without images is none. The first: {_bad[order[first]]}");
    }

    // One image; returns its label.
    private int Load(int index, int epoch, Span<float> destination)
    {
        var random = new SampleRandom(_options.Seed, epoch, index);
        if (_cache.Find(index) is { } kept)
        {
            _transform.Apply(kept.Image, random, destination);
            return kept.Label;
        }
        ImageSample sample = _dataset.Get(index);
        try
        {
            using Image image = sample.Decode(_options.Decode);
            if (sample.PixelSize is null)
                _cache.Offer(index, image, sample.Label);
            _transform.Apply(image, random, destination);
            return sample.Label;
        }
        catch (ImageException error)
        {
            throw new ImageException($"{sample.Name}: {error.Message}", error);
        }
    }
}
