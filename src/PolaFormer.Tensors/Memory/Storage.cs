namespace PolaFormer.Tensors.Memory;

/// <summary>
/// Memory of a device that one or more tensors view. Scopes, the tape and gradient slots count as holders; when the last one lets
/// go the memory goes back to the device's pool and any later access throws. Memory made outside every scope belongs to the
/// garbage collector instead.
/// </summary>
/// <param name="device">Whose memory it is.</param>
internal abstract class Storage(Device device)
{
    private int _holders;
    private bool _ownedByCollector;

    ~Storage() => Free(isWantedAgain: true);

    /// <summary>Whose memory it is.</summary>
    public Device Device => device;

    /// <summary>Whether there is memory that has not gone back.</summary>
    public abstract bool IsAlive { get; }

    /// <summary>The copy of a narrower type that the tape keeps of what lies here (<see cref="Tensor.Narrowed"/>), and where here that begins, in elements.</summary>
    internal (Tensor Copy, long Offset)? Narrow { get; set; }

    /// <summary>Scopes, tape entries and gradient slots that hold this memory.</summary>
    internal int Holders => Volatile.Read(ref _holders);

    /// <summary>Set by a scope for storages that must outlive it; the scope's depth.</summary>
    internal int ReturnedFromDepth { get; set; }

    /// <summary>Adds a holder.</summary>
    public void Retain() => Interlocked.Increment(ref _holders);

    /// <summary>Takes a holder away; the last one returns the memory to the pool.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0 && !_ownedByCollector)
        {
            GC.SuppressFinalize(this);
            Free(isWantedAgain: true);
        }
    }

    /// <summary>Returns the memory to its source at once, whatever holds it.</summary>
    public void Discard()
    {
        GC.SuppressFinalize(this);
        Free(isWantedAgain: false);
    }

    /// <summary>Leaves the memory's life to the garbage collector: it escaped the outermost scope or was made outside any.</summary>
    public void HandToCollector() => _ownedByCollector = true;

    /// <summary>Gives the memory back, once.</summary>
    /// <param name="isWantedAgain">Whether memory of this size is expected to be needed again.</param>
    protected abstract void Free(bool isWantedAgain);
}
