namespace PolaFormer.Tensors.Memory;

/// <summary>
/// A block of memory that one or more tensors view. Scopes, the tape and gradient slots count as holders; when the last
/// one lets go the block returns to the pool and any later access throws. Memory made outside every scope belongs to the
/// garbage collector instead.
/// </summary>
internal sealed unsafe class Storage
{
    private void* _pointer;
    private readonly long _capacity;
    private int _holders;
    private bool _ownedByCollector;

    private Storage(void* pointer, long capacity)
    {
        _pointer = pointer;
        _capacity = capacity;
    }

    ~Storage() => Free();

    /// <summary>Set by a scope for storages that must outlive it; the scope's depth.</summary>
    internal int ReturnedFromDepth { get; set; }

    /// <summary>Scopes, tape entries and gradient slots that hold this block.</summary>
    internal int Holders => Volatile.Read(ref _holders);

    /// <summary>Takes a block from the pool and hands it to the current scope, or to the garbage collector where there is none.</summary>
    public static Storage Allocate(long bytes)
    {
        void* pointer = MemoryPool.Take(bytes, out long capacity);
        var storage = new Storage(pointer, capacity);
        MemoryScope.Adopt(storage);
        return storage;
    }

    /// <summary>Takes a block that belongs to no scope but to the garbage collector.</summary>
    public static Storage AllocateUnscoped(long bytes) =>
        new(MemoryPool.Take(bytes, out long capacity), capacity) { _ownedByCollector = true };

    /// <summary>A storage without memory: the shape-only tensors of <see cref="MetaDevice"/>.</summary>
    public static Storage Nothing()
    {
        var storage = new Storage(null, 0) { _ownedByCollector = true };
        GC.SuppressFinalize(storage);
        return storage;
    }

    /// <summary>Start of the block.</summary>
    /// <exception cref="ObjectDisposedException">The scope that owned the block has ended.</exception>
    public void* Pointer => _pointer != null ? _pointer : throw new ObjectDisposedException(
        nameof(Tensor),
        "This tensor's memory is gone: it was made inside a module or MemoryScope that has ended and was not its result, or it lives on a device without memory. Return it from the scope, or Clone() it outside.");

    /// <summary>Whether the block is still there.</summary>
    public bool IsAlive => _pointer != null;

    /// <summary>Adds a holder.</summary>
    public void Retain() => Interlocked.Increment(ref _holders);

    /// <summary>Takes a holder away; the last one returns the block to the pool.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0 && !_ownedByCollector)
        {
            GC.SuppressFinalize(this);
            Free();
        }
    }

    /// <summary>Gives the block back to the operating system now, whoever holds it.</summary>
    public void Discard()
    {
        GC.SuppressFinalize(this);
        if (_pointer != null)
            MemoryPool.Discard(_pointer, _capacity);
        _pointer = null;
    }

    /// <summary>Leaves the block's life to the garbage collector: it escaped the outermost scope or was made outside any.</summary>
    public void HandToCollector() => _ownedByCollector = true;

    private void Free()
    {
        if (_pointer != null)
            MemoryPool.Return(_pointer, _capacity);
        _pointer = null;
    }
}
