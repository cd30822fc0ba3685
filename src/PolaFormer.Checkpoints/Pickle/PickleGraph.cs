namespace PolaFormer.Checkpoints.Pickle;

/// <summary>
/// Makes sure that plain recursion over unpickled data ends soon: a pickle can share one list so often that a walk over it
/// takes for ever, which is an error. What contains itself or nests deeper than anything that is needed is cut there.
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
        if (root is not PickledContainer top)
            return null;
        Stack<(PickledContainer Container, int Next)> path = [];
        Enter(top, path);
        while (path.TryPop(out (PickledContainer Container, int Next) step))
        {
            (PickledContainer container, int next) = step;
            if (next == container.ChildCount)
            {
                Leave(container);
                if (container.Weight > maxWeight)
                    return "refers to the same values over and over, to overwhelm its reader";
                continue;
            }

            path.Push((container, next + 1));
            if (container.Child(next) is not PickledContainer child)
                continue;
            if (child.Height == InProgress)
                container.Replace(next, Placeholder($"{child.TypeName} that contains itself"));
            else if (path.Count + Math.Max(1, child.Height) > MaxHeight)
                container.Replace(next, Placeholder($"{child.TypeName} more than {MaxHeight} levels deep"));
            else if (child.Height == 0)
                Enter(child, path);
        }

        return null;
    }

    private static PickledDictionary Placeholder(string description) => new(description, isUnread: true) { Height = 1, Weight = 1 };

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
