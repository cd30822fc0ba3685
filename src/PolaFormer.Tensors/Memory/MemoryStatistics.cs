namespace PolaFormer.Tensors.Memory;

/// <summary>What the tensors' pool holds, in bytes. Counts block capacities: what the process really spends.</summary>
public static class MemoryStatistics
{
    private static long _inUse, _peakInUse, _reserved, _scratch;

    // What this thread took and did not give back. What the collector frees is given back by the collector's thread.
    [ThreadStatic]
    private static long t_inUse, t_peakInUse;

    /// <summary>Bytes held by live tensors.</summary>
    public static long BytesInUse => Interlocked.Read(ref _inUse);

    /// <summary>Largest <see cref="BytesInUse"/> since the start or the last <see cref="ResetPeak"/>.</summary>
    public static long PeakBytesInUse => Interlocked.Read(ref _peakInUse);

    /// <summary>Bytes taken from the operating system and not given back: in use or waiting in the pool.</summary>
    public static long BytesReserved => Interlocked.Read(ref _reserved);

    /// <summary>Bytes of the working memory that kernels keep for each thread, beside the pool; a thread's are freed some time after it ended.</summary>
    public static long BytesOfScratch => Interlocked.Read(ref _scratch);

    /// <summary>Starts a new peak measurement at the present use.</summary>
    public static void ResetPeak() => Interlocked.Exchange(ref _peakInUse, BytesInUse);

    /// <summary>
    /// The most memory that a run takes on this thread, which is where operators make their results, beyond what was in use before it.
    /// What the collector frees meanwhile counts as in use: the figure does not depend on when it runs, nor on other threads.
    /// </summary>
    public static long PeakOf(Action run)
    {
        long before = t_peakInUse = t_inUse;
        run();
        return t_peakInUse - before;
    }

    /// <summary>Hands the pool's unused blocks back to the operating system.</summary>
    public static void TrimPool() => MemoryPool.Trim();

    internal static void AddScratch(long bytes) => Interlocked.Add(ref _scratch, bytes);

    // Called under the pool's lock.
    internal static void Taken(long bytes)
    {
        _inUse += bytes;
        _peakInUse = Math.Max(_peakInUse, _inUse);
        t_inUse += bytes;
        t_peakInUse = Math.Max(t_peakInUse, t_inUse);
    }

    internal static void Returned(long bytes)
    {
        _inUse -= bytes;
        t_inUse -= bytes;
    }

    internal static void Reserved(long bytes) => _reserved += bytes;
}
