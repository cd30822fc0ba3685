using System.Runtime.ExceptionServices;

namespace PolaFormer.Vision.Loading;

/// <summary>
/// Threads that fill batches ahead of their use. Batches are taken up in order by whichever thread is free and handed out in order, from a
/// fixed ring of buffers: memory is bounded, and the batch being waited for always has a buffer.
/// </summary>
internal sealed class Prefetcher : IDisposable
{
    private readonly object _gate = new();
    private readonly Batch?[] _ready;
    private readonly Exception?[] _failures;
    private readonly Stack<Batch> _free = new();
    private readonly Thread[] _threads;
    private readonly int _count;
    private int _taken, _handedOut;
    private Batch? _current;
    private bool _stopped;

    /// <param name="count">Batches to make.</param>
    /// <param name="buffers">Batches in memory at a time: more than threads.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="create">Makes a buffer.</param>
    /// <param name="fill">Fills a buffer with the batch of a number.</param>
    public Prefetcher(int count, int buffers, int threads, Func<Batch> create, Action<Batch, int> fill)
    {
        _count = count;
        _ready = new Batch?[count];
        _failures = new Exception?[count];
        for (int i = 0; i < Math.Min(buffers, count); i++)
            _free.Push(create());
        _threads = new Thread[Math.Min(threads, count)];
        for (int i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(() => Work(fill)) { IsBackground = true, Name = $"data loader {i}" };
            _threads[i].Start();
        }
    }

    /// <summary>The next batch in order; the one before goes back to be filled anew.</summary>
    public Batch Next()
    {
        lock (_gate)
        {
            if (_current is not null)
            {
                _free.Push(_current);
                Monitor.PulseAll(_gate);
            }
            int number = _handedOut++;
            while (_ready[number] is null)
                Monitor.Wait(_gate);
            _current = _ready[number];
            _ready[number] = null;
            if (_failures[number] is { } failure)
                ExceptionDispatchInfo.Throw(failure);
            return _current!;
        }
    }

    /// <summary>Stops the threads and waits until they are gone.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void Work(Action<Batch, int> fill)
    {
        while (true)
        {
            Batch batch;
            int number;
            lock (_gate)
            {
                while (!_stopped && _taken < _count && _free.Count == 0)
                    Monitor.Wait(_gate);
                if (_stopped || _taken == _count)
                    return;
                batch = _free.Pop();
                number = _taken++;
            }
            Exception? failure = null;
            try
            {
                fill(batch, number);
            }
            catch (Exception error)
            {
                failure = error;
            }
            lock (_gate)
            {
                _failures[number] = failure;
                _ready[number] = batch;
                Monitor.PulseAll(_gate);
            }
        }
    }
}
