using PolaFormer.Distributed;

namespace PolaFormer.Training;

/// <summary>Tells of items that are waited for long, while they are waited for: a disk that is slow or does not answer.</summary>
internal static class WatchedBatches
{
    private static readonly TimeSpan s_longWait = TimeSpan.FromSeconds(30);

    /// <summary>The same items, of one of several workers: the others wait for one whose disk does not answer, and cannot tell why.</summary>
    /// <param name="items">What takes time to make.</param>
    /// <param name="workers">The workers.</param>
    /// <param name="told">Told of an item that has not come for half a minute, in a line and on another thread; null for nobody.</param>
    public static IEnumerable<T> Watch<T>(IEnumerable<T> items, WorkerGroup workers, Action<string>? told) => told is null ? items : Watch(
        items, s_longWait,
        () => told($"worker {workers.Rank} on {Environment.MachineName} has waited {s_longWait.TotalSeconds:F0} s for its next batch: the disk or network drive of its data is slow or does not answer."));

    /// <summary>The same items.</summary>
    /// <param name="items">What takes time to make.</param>
    /// <param name="limit">Time after which it is told, once for each item.</param>
    /// <param name="told">Called on another thread.</param>
    public static IEnumerable<T> Watch<T>(IEnumerable<T> items, TimeSpan limit, Action told)
    {
        using var timer = new Timer(_ => told());
        using IEnumerator<T> each = items.GetEnumerator();
        while (Next())
            yield return each.Current;

        bool Next()
        {
            timer.Change(limit, Timeout.InfiniteTimeSpan);
            try
            {
                return each.MoveNext();
            }
            finally
            {
                timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }
}
