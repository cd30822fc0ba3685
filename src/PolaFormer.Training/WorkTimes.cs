namespace PolaFormer.Training;

/// <summary>What a worker's steps took.</summary>
/// <param name="Compute">Time in which it loaded and computed its batches.</param>
/// <param name="Exchange">Time in which its gradients were under way.</param>
/// <param name="Wait">Time in which it waited for them.</param>
internal readonly record struct WorkTimes(TimeSpan Compute, TimeSpan Exchange, TimeSpan Wait)
{
    /// <summary>What was added since.</summary>
    public static WorkTimes operator -(WorkTimes now, WorkTimes before) => new(now.Compute - before.Compute, now.Exchange - before.Exchange, now.Wait - before.Wait);
}
