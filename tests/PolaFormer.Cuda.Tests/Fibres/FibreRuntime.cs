using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>
/// Stands in for a GPU: kernels run as fibres, and memory is the host's, which only copies reach because tensors do not know that.
/// </summary>
internal sealed unsafe class FibreRuntime(uint order, int multiprocessors = 2) : IGpuRuntime
{
    private const int Alignment = 256;

    private static int s_count;

    private readonly Dictionary<nint, long> _blocks = [];
    private readonly FibreQueue _queue = new(order, multiprocessors);

    public string Name => "fibres";

    public string Place { get; init; } = $"fibres {Interlocked.Increment(ref s_count)}";

    public IKernelQueue Queue => _queue;

    public bool IsCapturing => _queue.IsCapturing;

    /// <inheritdoc cref="FibreQueue.Launched"/>
    public List<string> Launched => _queue.Launched;

    /// <summary>Runs of captured work so far.</summary>
    public int CapturedRuns => _queue.CapturedRuns;

    /// <summary>Bytes that it has.</summary>
    public long TotalBytes { get; init; } = 4L << 30;

    public (long Free, long Total) MemoryInfo()
    {
        lock (_blocks)
            return (TotalBytes - _blocks.Values.Sum(), TotalBytes);
    }

    // Contents are NaN, so that what nobody wrote shows.
    public nint TryAllocate(long bytes)
    {
        Assert.False(_queue.IsCapturing, "work that is being captured took memory");
        if (bytes > MemoryInfo().Free)
            return 0;
        void* block = NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        NativeMemory.Fill(block, (nuint)bytes, 0xFF);
        lock (_blocks)
            _blocks.Add((nint)block, bytes);
        return (nint)block;
    }

    public void Free(nint address)
    {
        lock (_blocks)
            Assert.True(_blocks.Remove(address), "memory went back that was not taken");
        NativeMemory.AlignedFree((void*)address);
    }

    public void CopyFromHost(void* source, nint destination, long bytes)
    {
        byte[] copy = new Span<byte>(source, (int)bytes).ToArray();
        _queue.Do(() => copy.CopyTo(new Span<byte>((void*)destination, copy.Length)));
    }

    public void CopyToHost(nint source, void* destination, long bytes)
    {
        Assert.False(_queue.IsCapturing, "work that is being captured read values");
        Buffer.MemoryCopy((void*)source, destination, bytes, bytes);
    }

    public ICapturedWork Capture(Action work) => _queue.Capture(work);

    public ISideStream NewSideStream() => new SideStream(_queue);

    public void ReleaseUnused()
    {
    }

    public void Synchronize()
    {
    }

    // All is done at once, in the order of the program.
    private sealed class SideStream(FibreQueue queue) : ISideStream
    {
        public IKernelQueue Queue => queue;

        public nint Handle => 0;

        public void Bind()
        {
        }

        public void WaitForMain()
        {
        }

        public void LetMainWait()
        {
        }

        public void Dispose()
        {
        }
    }
}
