using System.Diagnostics;

namespace PolaFormer.Training;

/// <summary>The speed of an epoch from its start, or from where this process took it up.</summary>
/// <param name="before">Examples of the epoch done before.</param>
internal readonly struct TrainingSpeed(long before)
{
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>The speed so far.</summary>
    /// <param name="count">Examples of the epoch done.</param>
    public double ExamplesPerSecond(long count) => (count - before) / Stopwatch.GetElapsedTime(_start).TotalSeconds;
}
