using PolaFormer.Files;
using PolaFormer.Vision;

namespace PolaFormer.Pipelines;

/// <summary>
/// A classifier for many users at once: requests wait in a bounded queue, and those that come at the same time go through the network
/// together, on threads of its own. Each gets the answer that it would get alone, up to rounding. All members may be called from several
/// threads at once. Disposing it answers what waits and takes no more.
/// </summary>
/// <example><code>
/// await using var service = new BatchingClassifier(ImageClassifier.Load("model.safetensors", ClassifierOptions.Server));
/// IReadOnlyList&lt;Prediction&gt; guesses = await service.PredictAsync(request.Body, top: 3, cancellation: request.Aborted);
/// </code></example>
public sealed class BatchingClassifier : IAsyncDisposable, IDisposable
{
    private readonly MicroBatches<Request, float[]> _probabilities, _embeddings;

    /// <summary>Puts a queue in front of a classifier.</summary>
    /// <param name="classifier">What computes; with <see cref="ClassifierOptions.Threads"/> 1 each of the queue's threads computes a batch by itself.</param>
    /// <param name="options">Sizes of queue and batches; the defaults where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value of <paramref name="options"/> is out of range.</exception>
    public BatchingClassifier(ImageClassifier classifier, MicroBatchOptions? options = null)
    {
        Classifier = classifier;
        _probabilities = new(batch => Compute(batch, classifier.Probabilities), options);
        _embeddings = new(batch => Compute(batch, classifier.Embed), options);
    }

    /// <summary>What computes.</summary>
    public ImageClassifier Classifier { get; }

    /// <summary>Requests that wait and are not yet computed.</summary>
    public int Waiting => _probabilities.Waiting + _embeddings.Waiting;

    /// <summary>How many predictions may wait, and as many embeddings.</summary>
    public int Capacity => _probabilities.Capacity;

    /// <summary>The most probable classes of an image file in memory, most probable first.</summary>
    /// <param name="file">The whole file; it must not change before the answer.</param>
    /// <param name="top">How many classes.</param>
    /// <param name="cancellation">Gives up waiting; a request that is not yet computed is left out.</param>
    /// <exception cref="ImageException">The file is no image that can be decoded.</exception>
    /// <exception cref="QueueFullException">As many requests wait as may.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was requested.</exception>
    /// <exception cref="NotFiniteNumberException">The network's result is NaN.</exception>
    public async Task<IReadOnlyList<Prediction>> PredictAsync(ReadOnlyMemory<byte> file, int top = 5, CancellationToken cancellation = default) =>
        Classifier.Rank(await _probabilities.Ask(new Request(file, null), cancellation).ConfigureAwait(false), top);

    /// <summary>The most probable classes of an image file that a stream holds from where it is to its end, most probable first; the stream stays open.</summary>
    /// <inheritdoc cref="PredictAsync(ReadOnlyMemory{byte}, int, CancellationToken)"/>
    /// <param name="file">The whole file, read up to <see cref="ImageDecodeOptions.ByteLimit"/>.</param>
    /// <param name="top">How many classes.</param>
    /// <param name="cancellation">Gives up reading or waiting.</param>
    public async Task<IReadOnlyList<Prediction>> PredictAsync(Stream file, int top = 5, CancellationToken cancellation = default)
    {
        _probabilities.RequireRoom();
        return await PredictAsync(await Read(file, cancellation).ConfigureAwait(false), top, cancellation).ConfigureAwait(false);
    }

    /// <summary>The most probable classes of a decoded image, most probable first.</summary>
    /// <inheritdoc cref="PredictAsync(ReadOnlyMemory{byte}, int, CancellationToken)"/>
    /// <param name="image">The image; it must neither change nor be disposed before the answer.</param>
    /// <param name="top">How many classes.</param>
    /// <param name="cancellation">Gives up waiting; the image may be in use a little longer.</param>
    public async Task<IReadOnlyList<Prediction>> PredictAsync(Image image, int top = 5, CancellationToken cancellation = default) =>
        Classifier.Rank(await _probabilities.Ask(new Request(default, image), cancellation).ConfigureAwait(false), top);

    /// <summary>The embedding of an image file in memory (<see cref="ImageClassifier.Embed(string)"/>).</summary>
    /// <inheritdoc cref="PredictAsync(ReadOnlyMemory{byte}, int, CancellationToken)"/>
    /// <param name="file">The whole file; it must not change before the answer.</param>
    /// <param name="cancellation">Gives up waiting; a request that is not yet computed is left out.</param>
    public Task<float[]> EmbedAsync(ReadOnlyMemory<byte> file, CancellationToken cancellation = default) => _embeddings.Ask(new Request(file, null), cancellation);

    /// <summary>The embedding of an image file that a stream holds from where it is to its end; the stream stays open.</summary>
    /// <inheritdoc cref="EmbedAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="file">The whole file, read up to <see cref="ImageDecodeOptions.ByteLimit"/>.</param>
    /// <param name="cancellation">Gives up reading or waiting.</param>
    public async Task<float[]> EmbedAsync(Stream file, CancellationToken cancellation = default)
    {
        _embeddings.RequireRoom();
        return await EmbedAsync(await Read(file, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
    }

    /// <summary>The embedding of a decoded image.</summary>
    /// <inheritdoc cref="EmbedAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="image">The image; it must neither change nor be disposed before the answer.</param>
    /// <param name="cancellation">Gives up waiting; the image may be in use a little longer.</param>
    public Task<float[]> EmbedAsync(Image image, CancellationToken cancellation = default) => _embeddings.Ask(new Request(default, image), cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        _probabilities.Dispose();
        _embeddings.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _probabilities.DisposeAsync().ConfigureAwait(false);
        await _embeddings.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<ReadOnlyMemory<byte>> Read(Stream file, CancellationToken cancellation)
    {
        try
        {
            return await InputStream.ReadAllBytesAsync(file, "the stream", Classifier.Decoding.ByteLimit, cancellation).ConfigureAwait(false);
        }
        catch (FileException error)
        {
            throw new ImageException(error.Message, error);
        }
    }

    // A file that is no image fails alone.
    private void Compute(IReadOnlyList<QueuedItem<Request, float[]>> batch, Func<IReadOnlyList<Image>, float[][]> rowsOf)
    {
        var items = new List<QueuedItem<Request, float[]>>(batch.Count);
        var images = new List<Image>(batch.Count);
        try
        {
            foreach (QueuedItem<Request, float[]> item in batch)
            {
                try
                {
                    images.Add(item.Item.Image ?? ImageDecoder.Decode(item.Item.File.Span, Classifier.Decoding));
                    items.Add(item);
                }
                catch (ImageException error)
                {
                    item.Fail(error);
                }
            }

            float[][] rows = rowsOf(images);
            for (int i = 0; i < rows.Length; i++)
                items[i].Complete(rows[i]);
        }
        finally
        {
            for (int i = 0; i < images.Count; i++)
            {
                if (items[i].Item.Image is null)
                    images[i].Dispose();
            }
        }
    }

    private readonly record struct Request(ReadOnlyMemory<byte> File, Image? Image);
}
