namespace PolaFormer.Checkpoints.Pickle;

/// <summary>
/// Makes sure that plain recursion over unpickled data ends soon: a pickle can share one list so often that a walk over it
/// takes for ever, nest without end, or contain itself.
/// </summary>
internal static class PickleGraph
{
    private const int MaxHeight = 100;
    private const int InProgress = -1;

    /// <summary>Returns what is wrong with the data below <paramref name="root"/>, or null.</summary>
    /// <param name="root">The value the pickle ends with.</param>
    /// <param name="maxWeight">How many values a walk may meet.</param>
    public static string? FindFault(object? root, long maxWeight)
    {
        if (root is not PickledContainer top) return null;
        Stack<(PickledContainer Container, int Next)> path = [];
        Enter(top, path);
        while (path.TryPop(out (PickledContainer Container, int Next) step))
        {
            (PickledContainer container, int next) = step;
            if (next == container.ChildCount)
            {
                Leave(container);
                if (container.Height > MaxHeight) return $"is nested more than {MaxHeight} levels deep";
                if (container.Weight > maxWeight) return "refers to the same values over and over, to overwhelm its reader";
                continue;
            }

            path.Push((container, next + 1));
            if (container.Child(next) is not PickledContainer child) continue;
            if (child.Height == InProgress) return $"holds a {child.TypeName} that contains itself";
            if (child.Height == 0) Enter(child, path);
        }

        return null;
    }

    private static void Enter(PickledContainer container, Stack<(PickledContainer, int)> path)
    {
        container.Height = InProgress;
        path.Push((container, 0));
    }

    private static void Leave(PickledContainer container)
    {
        (int height, long weight) = (0, 1);
        for (int i = 0; i < container.ChildCount; i++)
        {
            object? child = container.Child(i);
            height = Math.Max(height, (child as PickledContainer)?.Height ?? 0);
            weight += (child as PickledContainer)?.Weight ?? 1;
        }

        container.Height = height + 1;
        container.Weight = weight;
    }
}
