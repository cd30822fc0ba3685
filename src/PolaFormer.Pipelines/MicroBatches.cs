using System.Diagnostics;

namespace PolaFormer.Pipelines;

/// <summary>
/// A bounded queue in front of a computation that is cheaper for several items at once. Threads of its own take what waits, share it
/// among those that are idle, and answer each item by itself. All members may be called from several threads at once.
/// </summary>
/// <typeparam name="TItem">What is asked for.</typeparam>
/// <typeparam name="TResult">The answer.</typeparam>
public sealed class MicroBatches<TItem, TResult> : IAsyncDisposable, IDisposable
{
    private readonly Action<IReadOnlyList<QueuedItem<TItem, TResult>>> _compute;
    private readonly MicroBatchOptions _options;
    private readonly object _gate = new();
    private readonly Queue<QueuedItem<TItem, TResult>> _waiting = new();
    private readonly List<Thread> _threads = [];
    private int _idle;
    private bool _isClosed;

    /// <summary>Makes the queue; its threads start with the first item.</summary>
    /// <param name="compute">
    /// Answers the items of a batch, at least one. It runs on several threads at once where <see cref="MicroBatchOptions.Parallelism"/> says
    /// so. What it throws answers the items that it left.
    /// </param>
    /// <param name="options">Sizes; the defaults where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value of <paramref name="options"/> is out of range.</exception>
    public MicroBatches(Action<IReadOnlyList<QueuedItem<TItem, TResult>>> compute, MicroBatchOptions? options = null)
    {
        _compute = compute;
        _options = options ?? new MicroBatchOptions();
        _options.Check();
    }

    /// <summary>Items that wait and are not yet computed.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>How many may wait.</summary>
    public int Capacity => _options.Capacity;

    /// <summary>Throws where the next item would be refused, before work is done to make it.</summary>
    /// <exception cref="QueueFullException">As many wait as may.</exception>
    public void RequireRoom()
    {
        lock (_gate)
            CheckRoom();
    }

    /// <summary>Puts an item into the queue.</summary>
    /// <param name="item">What is asked for.</param>
    /// <param name="cancellation">Gives up waiting; an item that is not yet computed is left out.</param>
    /// <returns>The answer; a task that failed with what the computation threw, or was cancelled.</returns>
    /// <exception cref="QueueFullException">As many wait as may.</exception>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    public Task<TResult> Ask(TItem item, CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
            return Task.FromCanceled<TResult>(cancellation);
        var queued = new QueuedItem<TItem, TResult>(item, cancellation);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            CheckRoom();
            _waiting.Enqueue(queued);
            if (_threads.Count == 0)
                Start();
            Monitor.Pulse(_gate);
        }

        return queued.Answer;
    }

    /// <summary>Takes no more items, answers those that wait, and ends the threads.</summary>
    public void Dispose()
    {
        Thread[] threads;
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
            threads = [.. _threads];
        }

        foreach (Thread thread in threads)
            thread.Join();
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));

    // Items that nobody waits for any more keep no room.
    private void CheckRoom()
    {
        if (_waiting.Count < _options.Capacity)
            return;
        QueuedItem<TItem, TResult>[] wanted = [.. _waiting.Where(item => !item.IsDone)];
        if (wanted.Length >= _options.Capacity)
            throw new QueueFullException(_options.Capacity);
        _waiting.Clear();
        foreach (QueuedItem<TItem, TResult> item in wanted)
            _waiting.Enqueue(item);
    }

    private void Start()
    {
        for (int i = 0; i < _options.Parallelism; i++)
        {
            var thread = new Thread(Work) { IsBackground = true, Name = $"PolaFormer batches {i + 1}" };
            _threads.Add(thread);
            thread.Start();
        }
    }

    private void Work()
    {
        while (Take() is { } batch)
        {
            if (batch.Count > 0)
                Compute(batch);
        }
    }

    private void Compute(List<QueuedItem<TItem, TResult>> batch)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            _compute(batch);
            foreach (QueuedItem<TItem, TResult> item in batch)
            {
                if (!item.IsDone)
                    item.Fail(new InvalidOperationException("The computation gave no answer to this item."));
            }

            _options.Computed?.Invoke(batch.Count, Stopwatch.GetElapsedTime(start));
        }
        catch (Exception error)
        {
            // The next batch may go well, and nobody is to wait for ever.
            foreach (QueuedItem<TItem, TResult> item in batch)
                item.Fail(error);
        }
    }

    // The next batch, which is empty where all were given up; null when the queue is closed and nothing waits.
    private List<QueuedItem<TItem, TResult>>? Take()
    {
        lock (_gate)
        {
            _idle++;
            while (_waiting.Count == 0)
            {
                if (_isClosed)
                {
                    _idle--;
                    return null;
                }

                Monitor.Wait(_gate);
            }

            WaitForOthers();

            // What waits is shared among the threads that have nothing to do; those that waited for each other stay together.
            int sharers = _options.Delay > TimeSpan.Zero ? 1 : _idle;
            int count = Math.Min((_waiting.Count + sharers - 1) / sharers, _options.Size);
            _idle--;
            var batch = new List<QueuedItem<TItem, TResult>>(count);
            while (count-- > 0)
            {
                QueuedItem<TItem, TResult> item = _waiting.Dequeue();
                if (!item.IsDone)
                    batch.Add(item);
            }

            if (_waiting.Count > 0)
                Monitor.Pulse(_gate);
            return batch;
        }
    }

    private void WaitForOthers()
    {
        while (_waiting.TryPeek(out QueuedItem<TItem, TResult>? first) && _waiting.Count < _options.Size && !_isClosed)
        {
            TimeSpan left = _options.Delay - Stopwatch.GetElapsedTime(first.QueuedAt);
            if (left <= TimeSpan.Zero)
                return;
            Monitor.Wait(_gate, left);
        }
    }
}
