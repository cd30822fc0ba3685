namespace PolaFormer.Server.Scheduling;

/// <summary>How a model's requests are queued and computed.</summary>
internal sealed record SchedulingOptions
{
    /// <summary>Threads that take batches from the queue, each with the whole network; at least 1.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>Threads that compute one batch; null for all processors.</summary>
    public int? Threads { get; init; }

    /// <summary>Most inputs that pass the network together; at least 1.</summary>
    public int MaxBatch { get; init; } = 8;

    /// <summary>How long the first input waits for others to fill the batch; zero takes what has come while the last one was computed.</summary>
    public TimeSpan BatchDelay { get; init; }

    /// <summary>Most inputs that are in preparation, in the queue or computed; more are refused.</summary>
    public int Capacity { get; init; } = 256;
}
