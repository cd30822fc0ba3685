namespace PolaFormer.Tensors.Memory;

/// <summary>A block of a device's pool.</summary>
internal abstract class PooledStorage : Storage
{
    private readonly MemoryPool _pool;
    private readonly long _capacity;
    private nint _block;

    /// <summary>Takes a block, contents undefined.</summary>
    /// <param name="device">Whose memory it is.</param>
    /// <param name="pool">The device's pool.</param>
    /// <param name="bytes">Wanted size, ≥ 0.</param>
    /// <exception cref="InsufficientMemoryException">The device has not enough free memory.</exception>
    protected PooledStorage(Device device, MemoryPool pool, long bytes)
        : base(device)
    {
        _pool = pool;
        _block = pool.Take(bytes, out _capacity);
    }

    /// <inheritdoc/>
    public override bool IsAlive => _block != 0;

    /// <summary>Address of the block in the device's memory.</summary>
    /// <exception cref="ObjectDisposedException">The scope that owned the block has ended.</exception>
    public nint Address => _block != 0 ? _block : throw new ObjectDisposedException(
        nameof(Tensor),
        "This tensor's memory is gone: it was made inside a module or MemoryScope that has ended and was not its result. Return it from the scope, or Clone() it outside.");

    /// <inheritdoc/>
    protected override void Free(bool isWantedAgain)
    {
        if (_block == 0)
            return;
        if (isWantedAgain)
            _pool.Return(_block, _capacity);
        else
            _pool.Discard(_block, _capacity);
        _block = 0;
    }
}
