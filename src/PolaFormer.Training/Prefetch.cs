namespace PolaFormer.Training;

/// <summary>Makes batches on other threads before they are asked for.</summary>
public static class Prefetch
{
    /// <summary>The batches in order.</summary>
    /// <param name="batches">Makes each; asked for on the thread that takes the batches, called on another.</param>
    /// <param name="ahead">Batches that are made ahead of the one in use.</param>
    public static IEnumerable<T> Of<T>(IEnumerable<Func<T>> batches, int ahead = 2)
    {
        var made = new Queue<Task<T>>();
        foreach (Func<T> make in batches)
        {
            made.Enqueue(Task.Run(make));
            if (made.Count > ahead)
                yield return made.Dequeue().GetAwaiter().GetResult();
        }

        while (made.TryDequeue(out Task<T>? next))
            yield return next.GetAwaiter().GetResult();
    }
}
