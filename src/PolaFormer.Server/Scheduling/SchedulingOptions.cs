namespace PolaFormer.Server.Scheduling;

/// <summary>How a model's requests are queued and computed.</summary>
internal sealed record SchedulingOptions
{
    /// <summary>Batches that are computed at a time, at least 1, all with the same weights; null for as many as there are processors, one on a GPU.</summary>
    public int? Instances { get; init; }

    /// <summary>
    /// Threads that compute one batch; null to divide the idle processors among the batches that wait when it starts: one alone is answered
    /// soonest by all of them, and many cost least with one each. A batch that comes when none is idle waits.
    /// </summary>
    public int? Threads { get; init; }

    /// <summary>
    /// Most inputs that pass the network together, at least 1; null for one, on a GPU 8. On a processor a batch takes about as long as its
    /// inputs one by one, and each of them waits for all.
    /// </summary>
    public int? MaxBatch { get; init; }

    /// <summary>How long the first input waits for others to fill the batch; zero takes what has come while the last one was computed.</summary>
    public TimeSpan BatchDelay { get; init; }

    /// <summary>Most inputs that are in preparation, in the queue or computed; more are refused.</summary>
    public int Capacity { get; init; } = 256;
}
