using System.Collections.Concurrent;

namespace PolaFormer.Distributed;

/// <summary>Workers that are threads of one process: for tests, and for programs that simulate many machines.</summary>
public sealed class LocalGroup : WorkerGroup
{
    private readonly BlockingCollection<byte[]>[,] _messages;
    private readonly CancellationTokenSource _aborted;

    private LocalGroup(int rank, BlockingCollection<byte[]>[,] messages, CancellationTokenSource aborted) => (Rank, _messages, _aborted) = (rank, messages, aborted);

    /// <inheritdoc/>
    public override int Rank { get; }

    /// <inheritdoc/>
    public override int Size => _messages.GetLength(0);

    /// <summary>Makes a group; each of its members is for a thread of its own.</summary>
    public static IReadOnlyList<WorkerGroup> Create(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        var messages = new BlockingCollection<byte[]>[size, size];
        for (int i = 0; i < size * size; i++)
            messages[i / size, i % size] = [];
        var aborted = new CancellationTokenSource();
        return [.. Enumerable.Range(0, size).Select(rank => new LocalGroup(rank, messages, aborted))];
    }

    /// <summary>Runs a function on every worker of a new group, each on a thread of its own.</summary>
    /// <returns>The results, in the order of the workers' numbers.</returns>
    /// <exception cref="AggregateException">What a worker threw; the others were ended.</exception>
    public static T[] Run<T>(int size, Func<WorkerGroup, T> work)
    {
        IReadOnlyList<WorkerGroup> group = Create(size);
        var results = new T[size];
        var errors = new ConcurrentQueue<Exception>();
        Thread[] threads = [.. group.Select(worker => new Thread(() => Work(worker)))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        return errors.IsEmpty ? results : throw new AggregateException(errors);

        void Work(WorkerGroup worker)
        {
            try
            {
                results[worker.Rank] = work(worker);
            }
            catch (OperationCanceledException) when (!errors.IsEmpty)
            {
                // Ended because another worker failed.
            }
            catch (Exception error)
            {
                errors.Enqueue(error);
                worker.Abort(1);
            }
        }
    }

    /// <inheritdoc/>
    public override void Send(int to, ReadOnlySpan<byte> bytes) => _messages[Rank, to].Add(bytes.ToArray());

    /// <inheritdoc/>
    public override void Receive(int from, Span<byte> bytes)
    {
        byte[] message = _messages[from, Rank].Take(_aborted.Token);
        if (message.Length != bytes.Length)
            throw new WorkerException($"Worker {Rank} waits for {bytes.Length} bytes of worker {from}, which sent {message.Length}: the workers do not do the same.");
        message.CopyTo(bytes);
    }

    /// <inheritdoc/>
    public override void Exchange(int to, ReadOnlySpan<byte> sent, int from, Span<byte> received)
    {
        Send(to, sent);
        Receive(from, received);
    }

    /// <summary>Ends every wait of the other workers with an <see cref="OperationCanceledException"/>.</summary>
    public override void Abort(int exitCode) => _aborted.Cancel();
}
