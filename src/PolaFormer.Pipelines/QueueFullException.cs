namespace PolaFormer.Pipelines;

/// <summary>As many requests wait as may; this one was not taken. A server answers with 429 or 503, and the client tries again later.</summary>
/// <param name="capacity">How many may wait.</param>
public sealed class QueueFullException(int capacity) : Exception($"{capacity} requests wait already, and no more are taken. Try again later, or raise the capacity.")
{
    /// <summary>How many may wait.</summary>
    public int Capacity { get; } = capacity;
}
