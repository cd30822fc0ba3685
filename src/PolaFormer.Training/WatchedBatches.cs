namespace PolaFormer.Training;

/// <summary>Tells of items that are waited for long, while they are waited for: a disk that is slow or does not answer.</summary>
internal static class WatchedBatches
{
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
