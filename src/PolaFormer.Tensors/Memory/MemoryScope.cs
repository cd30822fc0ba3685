namespace PolaFormer.Tensors.Memory;

/// <summary>
/// A stretch of a computation whose intermediate tensors go back to the pool when it ends. Every module opens one, so the
/// peak of a forward pass is its deepest chain of modules. What the tape has saved and what is passed to
/// <see cref="Return(Tensor)"/> stays.
/// </summary>
/// <example><code>
/// using var scope = MemoryScope.Enter();
/// return scope.Return(Second(First(x)));
/// </code></example>
public readonly ref struct MemoryScope
{
    [ThreadStatic]
    private static List<Storage>? t_storages;

    [ThreadStatic]
    private static int t_depth;

    private readonly int _mark;
    private readonly int _depth;

    private MemoryScope(int mark, int depth)
    {
        _mark = mark;
        _depth = depth;
    }

    /// <summary>Opens a scope on this thread; dispose it on the same thread, innermost first.</summary>
    public static MemoryScope Enter()
    {
        t_storages ??= new List<Storage>(256);
        return new MemoryScope(t_storages.Count, ++t_depth);
    }

    /// <summary>
    /// Makes a tensor that outlives every scope, such as a table computed at first use, and then belongs to the garbage
    /// collector. What <paramref name="make"/> makes besides the result is kept as long.
    /// </summary>
    public static T OutsideScopes<T>(Func<T> make)
    {
        int depth = t_depth;
        t_depth = 0;
        try
        {
            return make();
        }
        finally
        {
            t_depth = depth;
        }
    }

    /// <summary>Keeps a tensor beyond the end of this scope: it then belongs to the enclosing scope, or to its user where there is none.</summary>
    public Tensor Return(Tensor result)
    {
        result.Storage.ReturnedFromDepth = _depth;
        return result;
    }

    /// <summary>Ends the scope.</summary>
    public void Dispose()
    {
        List<Storage> storages = t_storages!;
        int kept = _mark;
        for (int i = _mark; i < storages.Count; i++)
        {
            Storage storage = storages[i];
            if (storage.ReturnedFromDepth != _depth)
            {
                storage.Release();
                continue;
            }

            storage.ReturnedFromDepth = 0;
            if (_depth > 1)
            {
                storages[kept++] = storage;
            }
            else
            {
                storage.HandToCollector();
                storage.Release();
            }
        }

        storages.RemoveRange(kept, storages.Count - kept);
        t_depth = _depth - 1;
    }

    internal static void Adopt(Storage storage)
    {
        if (t_depth == 0)
        {
            storage.HandToCollector();
            return;
        }

        storage.Retain();
        t_storages!.Add(storage);
    }
}
