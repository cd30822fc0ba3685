namespace PolaFormer.Cuda;

/// <summary>
/// Where the work of a <see cref="CudaDevice"/> is done, in the order in which it is asked for: a GPU, or the host with a block's
/// threads as fibres.
/// </summary>
internal unsafe interface IGpuRuntime
{
    /// <summary>Name in messages.</summary>
    string Name { get; }

    /// <summary>What tells the GPU from others of its machine.</summary>
    string Place { get; }

    /// <summary>Takes the kernels.</summary>
    IKernelQueue Queue { get; }

    /// <summary>Whether work is taken down instead of done.</summary>
    bool IsCapturing { get; }

    /// <summary>Bytes that are free and bytes in all.</summary>
    (long Free, long Total) MemoryInfo();

    /// <summary>Takes memory, contents undefined, aligned to at least 256 bytes; 0 where there is no room.</summary>
    nint TryAllocate(long bytes);

    /// <summary>Gives memory back once the work so far is done.</summary>
    void Free(nint address);

    /// <summary>Copies from the processor's memory; the source may be overwritten afterwards.</summary>
    void CopyFromHost(void* source, nint destination, long bytes);

    /// <summary>Copies to the processor's memory and waits for it.</summary>
    void CopyToHost(nint source, void* destination, long bytes);

    /// <summary>Takes down what <paramref name="work"/> queues instead of doing it. What it copies from the host is kept.</summary>
    ICapturedWork Capture(Action work);

    /// <summary>A queue of work beside this one.</summary>
    ISideStream NewSideStream();

    /// <summary>Waits until all work is done, and lets others have memory that is not in use.</summary>
    void ReleaseUnused();

    /// <summary>Waits until all work is done.</summary>
    void Synchronize();
}
