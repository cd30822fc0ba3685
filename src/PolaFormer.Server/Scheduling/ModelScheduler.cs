using System.Diagnostics;
using PolaFormer.Server.Models;
using PolaFormer.Server.Telemetry;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Server.Scheduling;

/// <summary>
/// The queue of a model and the threads that compute what is in it: the earliest deadline first, as many inputs together as there are,
/// up to the size of a batch.
/// </summary>
internal sealed class ModelScheduler
{
    // Of the mean time that an input takes, the newest batch makes up this share.
    private const double Recency = 0.1;

    private readonly object _gate = new();
    private readonly PriorityQueue<WorkItem, (long Deadline, long Number)> _queue = new();
    private readonly Func<IReadOnlyList<ModelInput>, ModelResult[]> _run;
    private readonly SchedulingOptions _options;
    private readonly ModelMeter _meter;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _instances, _maxBatch;
    private int _running;
    private int _busy;
    private int _idleThreads;
    private int _admitted;
    private long _number;
    private double _secondsPerItem = 0.01;
    private bool _isClosed;

    /// <summary>Starts the threads.</summary>
    /// <param name="name">Name of the model, for threads.</param>
    /// <param name="run">Computes a batch; called from several threads at once where there are several instances.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="meter">What is counted.</param>
    public ModelScheduler(string name, Func<IReadOnlyList<ModelInput>, ModelResult[]> run, SchedulingOptions options, ModelMeter meter)
    {
        (_run, _options, _meter) = (run, options, meter);
        _maxBatch = options.MaxBatch ?? 1;
        _running = _instances = options.Instances ?? Environment.ProcessorCount;
        _idleThreads = Math.Max(_instances, Workers.ThreadCount);
        for (int i = 0; i < _instances; i++)
            new Thread(Work) { IsBackground = true, Name = $"{name} {i + 1}" }.Start();
    }

    /// <summary>Inputs that wait.</summary>
    public int Depth
    {
        get
        {
            lock (_gate)
                return _queue.Count;
        }
    }

    /// <summary>Inputs that were admitted and have no answer yet.</summary>
    public int InFlight => Volatile.Read(ref _admitted);

    /// <summary>Ends when the last thread has ended after <see cref="Close"/>.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Keeps room for the inputs of a request, before work is put into preparing them; dispose the result when all are answered.</summary>
    /// <exception cref="ServingException">There is no room.</exception>
    public Admission Admit(int items)
    {
        lock (_gate)
        {
            if (_admitted + items > _options.Capacity)
            {
                _meter.Rejected(items);
                throw items > _options.Capacity
                    ? ServingException.TooLarge($"The request has {items} inputs, and the model's queue takes {_options.Capacity}.")
                    : ServingException.Full(TimeSpan.FromSeconds(Math.Ceiling(Math.Max(1, _admitted * _secondsPerItem))));
            }

            _admitted += items;
        }

        return new Admission(this, items);
    }

    /// <summary>Puts a prepared input into the queue.</summary>
    /// <param name="input">The input; it is disposed here.</param>
    /// <param name="deadline">When the answer is wanted, on the clock of <see cref="Stopwatch"/>: those wanted earlier go first.</param>
    /// <param name="cancellation">Takes the input out of the queue.</param>
    public Task<Answer> Submit(ModelInput input, long deadline, CancellationToken cancellation)
    {
        var item = new WorkItem(input, Activity.Current?.Context ?? default);
        lock (_gate)
        {
            if (_isClosed)
            {
                input.Dispose();
                throw ServingException.Unavailable("The model is being unloaded.");
            }

            _queue.Enqueue(item, (deadline, _number++));
            Monitor.Pulse(_gate);
        }

        return Watched(item, cancellation);
    }

    /// <summary>Lets the threads end when the queue is empty.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private async Task<Answer> Watched(WorkItem item, CancellationToken cancellation)
    {
        using (cancellation.UnsafeRegister(_ => Abandon(item, cancellation), null))
            return await item.Answer;
    }

    private void Abandon(WorkItem item, CancellationToken cancellation)
    {
        bool wasWaiting;
        lock (_gate)
            wasWaiting = _queue.Remove(item, out _, out _);
        if (wasWaiting)
            item.Input.Dispose();
        item.Cancel(cancellation);
    }

    private void Work()
    {
        while (Take(out int threads) is { } batch)
        {
            using (Workers.Limit(threads))
                Compute(batch);
            lock (_gate)
            {
                _busy--;
                _idleThreads += threads;

                // After Close no request comes that would wake the others.
                if (_isClosed)
                    Monitor.PulseAll(_gate);
                else
                    Monitor.Pulse(_gate);
            }
        }

        if (Interlocked.Decrement(ref _running) == 0)
            _ended.SetResult();
    }

    /// <summary>The next batch; null when there will be none.</summary>
    private List<WorkItem>? Take(out int threads)
    {
        lock (_gate)
        {
            threads = 1;
            while (true)
            {
                while (_queue.Count == 0 || !HasIdleThreads)
                {
                    if (_isClosed && _queue.Count == 0)
                        return null;
                    Monitor.Wait(_gate);
                }

                // Another thread may take what this one waits beside, or the idle threads.
                if (_options.BatchDelay == TimeSpan.Zero || (WaitForMore() && HasIdleThreads))
                    break;
            }

            threads = _options.Threads ?? Share();
            _idleThreads -= threads;
            _busy++;
            var batch = new List<WorkItem>(Math.Min(_queue.Count, _maxBatch));
            while (batch.Count < _maxBatch && _queue.TryDequeue(out WorkItem? item, out _))
                batch.Add(item);
            if (_queue.Count > 0)
                Monitor.Pulse(_gate);
            return batch;
        }
    }

    private bool HasIdleThreads => _options.Threads is not null || _idleThreads > 0;

    // More threads than processors would wait for each other: a batch gets its part of those that are idle, shared with the batches that can begin beside it.
    private int Share()
    {
        int beginning = Math.Min(_instances - _busy, (_queue.Count + _maxBatch - 1) / _maxBatch);
        return Math.Max(1, _idleThreads / beginning);
    }

    // Whether anything is left after the wait.
    private bool WaitForMore()
    {
        long end = Stopwatch.GetTimestamp() + (long)(_options.BatchDelay.TotalSeconds * Stopwatch.Frequency);
        while (_queue.Count > 0 && _queue.Count < _maxBatch && !_isClosed)
        {
            TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), end);
            if (left <= TimeSpan.Zero)
                break;
            Monitor.Wait(_gate, left);
        }

        return _queue.Count > 0;
    }

    private void Compute(List<WorkItem> batch)
    {
        long start = Stopwatch.GetTimestamp();
        using Activity? span = ServerTrace.StartBatch(batch, start);
        foreach (WorkItem item in batch)
            _meter.Queued(Stopwatch.GetElapsedTime(item.EnqueuedAt, start));
        try
        {
            Answer(batch, Run(batch), start);
        }
        catch (Exception error) when (batch.Count > 1)
        {
            // One input must not fail those beside it.
            span?.SetStatus(ActivityStatusCode.Error, error.GetType().Name);
            foreach (WorkItem item in batch)
                ComputeAlone(item);
        }
        catch (Exception error)
        {
            span?.SetStatus(ActivityStatusCode.Error, error.GetType().Name);
            batch[0].Fail(error);
        }
        finally
        {
            foreach (WorkItem item in batch)
                item.Input.Dispose();
        }
    }

    private void ComputeAlone(WorkItem item)
    {
        try
        {
            long start = Stopwatch.GetTimestamp();
            Answer([item], Run([item]), start);
        }
        catch (Exception error)
        {
            item.Fail(error);
        }
    }

    private ModelResult[] Run(List<WorkItem> batch)
    {
        using Activity? span = ServerTrace.StartCompute(batch.Count);
        ModelResult[] results = _run([.. batch.Select(item => item.Input)]);
        return results.Length == batch.Count ? results : throw new InvalidOperationException($"The model gave {results.Length} answers to {batch.Count} inputs.");
    }

    private void Answer(List<WorkItem> batch, ModelResult[] results, long start)
    {
        TimeSpan computed = Stopwatch.GetElapsedTime(start);
        _meter.Computed(batch.Count, computed);
        lock (_gate)
            _secondsPerItem += Recency * ((computed.TotalSeconds / batch.Count / _instances) - _secondsPerItem);
        for (int i = 0; i < batch.Count; i++)
            batch[i].Complete(new Answer(results[i], Stopwatch.GetElapsedTime(batch[i].EnqueuedAt, start), computed, batch.Count));
    }

    private void Release(int items)
    {
        lock (_gate)
            _admitted -= items;
    }

    /// <summary>Room for the inputs of a request.</summary>
    internal sealed class Admission(ModelScheduler scheduler, int items) : IDisposable
    {
        private int _isReleased;

        /// <inheritdoc/>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) == 0)
                scheduler.Release(items);
        }
    }
}
