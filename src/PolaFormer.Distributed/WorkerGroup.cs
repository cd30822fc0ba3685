namespace PolaFormer.Distributed;

/// <summary>
/// Processes that compute one thing together, each a worker with a number. A group has messages between two workers; all else is
/// made of these here, so that its order, and with it every bit of a sum, is the same over any network. All workers must call the
/// same members in the same order. Members must not be called from two threads at a time.
/// </summary>
public abstract partial class WorkerGroup : IDisposable
{
    /// <summary>A group of this process alone.</summary>
    public static WorkerGroup Single { get; } = new SingleWorker();

    /// <summary>Number of this worker, from 0.</summary>
    public abstract int Rank { get; }

    /// <summary>Number of workers.</summary>
    public abstract int Size { get; }

    /// <summary>Whether this is the worker that writes files and prints.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Sends bytes to a worker that receives as many from this one.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public abstract void Send(int to, ReadOnlySpan<byte> bytes);

    /// <summary>Receives bytes that a worker sends to this one.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public abstract void Receive(int from, Span<byte> bytes);

    /// <summary>Sends to a worker and receives from the same or another one at a time.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public abstract void Exchange(int to, ReadOnlySpan<byte> sent, int from, Span<byte> received);

    /// <summary>Ends all workers at once, for the failure of one that the others would wait for. Does not return.</summary>
    /// <param name="exitCode">Exit code of the whole run.</param>
    public abstract void Abort(int exitCode);

    /// <summary>Leaves the group.</summary>
    public void Dispose()
    {
        Dispose(isDisposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    protected virtual void Dispose(bool isDisposing)
    {
    }
}
