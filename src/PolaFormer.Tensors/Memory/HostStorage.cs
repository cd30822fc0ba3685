namespace PolaFormer.Tensors.Memory;

/// <summary>Memory that the processor reads and writes.</summary>
internal sealed unsafe class HostStorage(Device device, MemoryPool pool, long bytes) : PooledStorage(device, pool, bytes)
{
    /// <summary>Start of the block.</summary>
    /// <exception cref="ObjectDisposedException">The scope that owned the block has ended.</exception>
    public void* Pointer => (void*)Address;
}
