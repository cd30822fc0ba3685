namespace PolaFormer.Pipelines;

/// <summary>How <see cref="MicroBatches{TItem, TResult}"/> gathers what is asked for at the same time.</summary>
public sealed record MicroBatchOptions
{
    /// <summary>Items of a batch at most, at least 1.</summary>
    public int Size { get; init; } = 16;

    /// <summary>
    /// How long the first item of a batch waits for others, not negative. With zero, the default, nobody waits: a batch is what came
    /// while the threads were busy, shared among those that are idle, and batches grow with the load.
    /// </summary>
    public TimeSpan Delay { get; init; } = TimeSpan.Zero;

    /// <summary>Items that may wait, at least 1; more are refused (<see cref="QueueFullException"/>).</summary>
    public int Capacity { get; init; } = 256;

    /// <summary>Threads that compute batches, each one at a time, at least 1; the processors of the machine by default, which goes with one thread a request (<see cref="ClassifierOptions.Server"/>).</summary>
    public int Parallelism { get; init; } = Environment.ProcessorCount;

    /// <summary>Called after each batch on its thread, with the number of its items and the time it took; null to call nothing.</summary>
    public Action<int, TimeSpan>? Computed { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Size, 1, nameof(Size));
        ArgumentOutOfRangeException.ThrowIfLessThan(Delay, TimeSpan.Zero, nameof(Delay));
        ArgumentOutOfRangeException.ThrowIfLessThan(Capacity, 1, nameof(Capacity));
        ArgumentOutOfRangeException.ThrowIfLessThan(Parallelism, 1, nameof(Parallelism));
    }
}
