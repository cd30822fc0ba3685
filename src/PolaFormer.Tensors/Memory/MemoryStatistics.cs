namespace PolaFormer.Tensors.Memory;

/// <summary>What a device's pool holds, in bytes. Counts block capacities: what the tensors really take.</summary>
public sealed class MemoryStatistics
{
    private static int s_count;

    // What this thread took and did not give back, by the statistics' number. What the collector frees is given back by the
    // collector's thread.
    [ThreadStatic]
    private static ThreadUse[]? t_uses;

    private readonly int _number = Interlocked.Increment(ref s_count) - 1;
    private long _inUse, _peakInUse, _reserved, _scratch;

    internal MemoryStatistics()
    {
    }

    /// <summary>Bytes of tensors in use.</summary>
    public long BytesInUse => Interlocked.Read(ref _inUse);

    /// <summary>Largest <see cref="BytesInUse"/> since the start or the last <see cref="ResetPeak"/>.</summary>
    public long PeakBytesInUse => Interlocked.Read(ref _peakInUse);

    /// <summary>Bytes taken from the system and not given back: in use or waiting in the pool.</summary>
    public long BytesReserved => Interlocked.Read(ref _reserved);

    /// <summary>
    /// Bytes of the working memory that the processor's kernels keep for each thread, beside the pool; a thread's are freed some
    /// time after it ended. 0 for other devices.
    /// </summary>
    public long BytesOfScratch => Interlocked.Read(ref _scratch);

    private ref ThreadUse OfThread
    {
        get
        {
            if (t_uses is null || t_uses.Length <= _number)
                Array.Resize(ref t_uses, _number + 1);
            return ref t_uses[_number];
        }
    }

    /// <summary>Starts a new peak measurement at the present use.</summary>
    public void ResetPeak() => Interlocked.Exchange(ref _peakInUse, BytesInUse);

    /// <summary>
    /// The most memory that a run takes on this thread, which is where operators make their results, beyond what was in use before it.
    /// What the collector frees meanwhile counts as in use: the figure does not depend on when it runs, nor on other threads.
    /// </summary>
    public long PeakOf(Action run)
    {
        long before = OfThread.Restart();
        run();
        return OfThread.Peak - before;
    }

    internal void AddScratch(long bytes) => Interlocked.Add(ref _scratch, bytes);

    // Called under the pool's lock.
    internal void Taken(long bytes)
    {
        _inUse += bytes;
        _peakInUse = Math.Max(_peakInUse, _inUse);
        OfThread.Take(bytes);
    }

    internal void Returned(long bytes)
    {
        _inUse -= bytes;
        OfThread.Return(bytes);
    }

    internal void Reserved(long bytes) => _reserved += bytes;

    private struct ThreadUse
    {
        private long _inUse;

        public long Peak { get; private set; }

        public long Restart() => Peak = _inUse;

        public void Take(long bytes)
        {
            _inUse += bytes;
            Peak = Math.Max(Peak, _inUse);
        }

        public void Return(long bytes) => _inUse -= bytes;
    }
}
