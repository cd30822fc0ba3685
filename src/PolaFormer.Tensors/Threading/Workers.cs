using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace PolaFormer.Tensors.Threading;

/// <summary>
/// The one pool of threads of the process: a fork-join in which the calling thread computes, too. How many parts there are is
/// decided by the shape of the work, never by the number of threads, so results do not depend on that number.
/// </summary>
/// <remarks>
/// A run publishes a job as a ticket: its generation and how many parts are left. Threads claim a part by lowering the
/// ticket and read the job only after that, when it cannot end without them. A thread that wakes late finds no
/// parts left and need not be waited for.
/// </remarks>
public static unsafe class Workers
{
    private const int MaxParts = 64;

    /// <summary>How long an idle thread polls for the next job before it sleeps.</summary>
    private static readonly long s_spinTicks = Stopwatch.Frequency / 5_000;   // 200 µs

    private static readonly Lock s_growth = new();
    private static volatile Worker[] s_workers = [];
    private static volatile int s_threadCount = Environment.ProcessorCount;

    private static int s_busy;
    private static delegate*<void*, int, void> s_invoke;
    private static void* s_body;
    private static int s_parts, s_threads;
    private static ExceptionDispatchInfo? s_failure;
    private static PaddedLong s_ticket;      // generation << 32 | parts left to claim
    private static PaddedLong s_remaining;   // parts not yet finished

    [ThreadStatic]
    private static bool t_inside;

    // 0 for none.
    [ThreadStatic]
    private static int t_limit;

    /// <summary>Number of threads that work on one run, the caller included; at least 1. Default: the processors of the machine.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 1.</exception>
    public static int ThreadCount
    {
        get => s_threadCount;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            s_threadCount = value;
        }
    }

    /// <summary>Lets at most so many threads, the caller included, work on the runs of this thread, until the result is disposed on it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public static IDisposable Limit(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var restore = new RestoreLimit(t_limit);
        t_limit = threads;
        return restore;
    }

    /// <summary>
    /// Runs parts 0 … <paramref name="parts"/> − 1 of <paramref name="body"/> and returns when all are done. A call from
    /// inside a part, or while another thread's run holds the pool, runs on the calling thread alone.
    /// </summary>
    /// <remarks>The first exception thrown by a part surfaces here, after the parts under way have ended; the others are skipped.</remarks>
    internal static void Run<TBody>(int parts, TBody body) where TBody : struct, IParallelBody
    {
        int threads = Math.Min(t_limit == 0 ? s_threadCount : Math.Min(t_limit, s_threadCount), parts);
        if (threads <= 1 || t_inside || Interlocked.CompareExchange(ref s_busy, 1, 0) != 0)
        {
            for (int part = 0; part < parts; part++)
                body.Run(part);
            return;
        }

        t_inside = true;
        try
        {
            Fork(&Invoke<TBody>, Unsafe.AsPointer(ref body), parts, threads);
        }
        finally
        {
            t_inside = false;
            Volatile.Write(ref s_busy, 0);
        }
    }

    /// <summary>The part-th of <paramref name="parts"/> runs into which <paramref name="count"/> items fall, equal within one.</summary>
    internal static (int From, int To) Range(int count, int parts, int part)
    {
        (int size, int larger) = Math.DivRem(count, parts);
        int from = (part * size) + Math.Min(part, larger);
        return (from, from + size + (part < larger ? 1 : 0));
    }

    /// <summary>Number of parts, 1 to 64, for so much work when a part should hold at least <paramref name="grain"/> of it.</summary>
    internal static int PartsFor(long workItems, long grain) =>
        (int)Math.Clamp((workItems + grain - 1) / grain, 1, MaxParts);

    private static void Invoke<TBody>(void* body, int part) where TBody : struct, IParallelBody =>
        Unsafe.AsRef<TBody>(body).Run(part);

    private static void Fork(delegate*<void*, int, void> invoke, void* body, int parts, int threads)
    {
        Worker[] workers = EnsureWorkers(threads - 1);
        s_invoke = invoke;
        s_body = body;
        s_parts = parts;
        s_threads = threads;
        s_failure = null;
        Volatile.Write(ref s_remaining.Value, parts);
        int generation = (int)(s_ticket.Value >> 32) + 1;
        Interlocked.Exchange(ref s_ticket.Value, ((long)generation << 32) | (uint)parts);   // a full fence: parked flags are read after it
        for (int i = 0; i < threads - 1; i++)
            workers[i].Wake();

        TakeParts(generation);

        var spinner = new SpinWait();
        while (Volatile.Read(ref s_remaining.Value) != 0)
            spinner.SpinOnce(sleep1Threshold: -1);
        s_failure?.Throw();
    }

    /// <summary>Claims and runs parts of the job of this generation until none is left.</summary>
    private static void TakeParts(int generation)
    {
        while (true)
        {
            long ticket = Volatile.Read(ref s_ticket.Value);
            int left = (int)ticket;
            if ((int)(ticket >> 32) != generation || left == 0)
                return;
            if (Interlocked.CompareExchange(ref s_ticket.Value, ticket - 1, ticket) != ticket)
                continue;
            try
            {
                if (Volatile.Read(ref s_failure) is null)
                    s_invoke(s_body, s_parts - left);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref s_failure, ExceptionDispatchInfo.Capture(exception), null);
            }
            Interlocked.Decrement(ref s_remaining.Value);
        }
    }

    private static Worker[] EnsureWorkers(int count)
    {
        Worker[] workers = s_workers;
        if (workers.Length >= count)
            return workers;
        lock (s_growth)
        {
            int from = s_workers.Length;
            if (from >= count)
                return s_workers;
            workers = new Worker[count];
            s_workers.CopyTo(workers, 0);
            for (int i = from; i < count; i++)
                workers[i] = new Worker(i);
            return s_workers = workers;
        }
    }

    private sealed class RestoreLimit(int previous) : IDisposable
    {
        public void Dispose() => t_limit = previous;
    }

    /// <summary>A counter alone on its cache lines, for many threads write it.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct PaddedLong
    {
        [FieldOffset(128)]
        public long Value;
    }

    private sealed class Worker
    {
        private readonly int _index;
        private readonly AutoResetEvent _wake = new(false);
        private int _parked;

        public Worker(int index)
        {
            _index = index;
            new Thread(Loop) { IsBackground = true, Name = $"PolaFormer worker {index + 1}" }.Start();
        }

        public void Wake()
        {
            if (Volatile.Read(ref _parked) == 1 && Interlocked.Exchange(ref _parked, 0) == 1)
                _wake.Set();
        }

        private void Loop()
        {
            t_inside = true;
            int seen = 0;
            while (true)
            {
                seen = AwaitGeneration(seen);
                if (_index < Volatile.Read(ref s_threads) - 1)
                    TakeParts(seen);
            }
        }

        private int AwaitGeneration(int seen)
        {
            long deadline = Stopwatch.GetTimestamp() + s_spinTicks;
            while (true)
            {
                for (int i = 0; i < 16; i++)
                {
                    if (Generation() is var fresh && fresh != seen)
                        return fresh;
                    Thread.SpinWait(8);
                }
                if (Stopwatch.GetTimestamp() < deadline)
                    continue;

                Interlocked.Exchange(ref _parked, 1);   // a full fence: the ticket is read again after it
                if (Generation() == seen || Interlocked.Exchange(ref _parked, 0) == 0)
                    _wake.WaitOne();
                deadline = Stopwatch.GetTimestamp() + s_spinTicks;
            }
        }

        private static int Generation() => (int)(Volatile.Read(ref s_ticket.Value) >> 32);
    }
}
