using PolaFormer.Cuda.Driver;
using PolaFormer.Cuda.Products;
using static PolaFormer.Cuda.Driver.DriverApi;

namespace PolaFormer.Cuda;

/// <summary>A queue of work on a GPU: copies, kernels and memory, in order.</summary>
public sealed unsafe class GpuStream : IKernelQueue, IDisposable
{
    private readonly KernelModules _modules;
    private readonly Lazy<CublasLt?> _cublasLt;
    private nint _handle;

    // Where work is captured: what it copies from the host, which must stay.
    private List<PinnedMemory>? _sources;

    internal GpuStream(Gpu gpu)
    {
        Gpu = gpu;
        gpu.Bind();
        const uint NonBlocking = 1;
        Check(cuStreamCreate(out _handle, NonBlocking), "make a stream");
        _modules = KernelModules.Of(gpu);
        _cublasLt = new Lazy<CublasLt?>(() => CublasLt.TryOpen(this));
    }

    /// <summary>Where it runs.</summary>
    public Gpu Gpu { get; }

    /// <inheritdoc/>
    public int Multiprocessors => Gpu.Multiprocessors;

    /// <inheritdoc/>
    public int MostSharedBytes => Gpu.MostSharedBytes;

    /// <summary>NVIDIA's library of products on this stream, null where it is not installed.</summary>
    internal CublasLt? CublasLt => _cublasLt.Value;

    /// <summary>Whether work is taken down instead of done.</summary>
    internal bool IsCapturing => _sources is not null;

    internal nint Handle => _handle != 0 ? _handle : throw new ObjectDisposedException(nameof(GpuStream));

    /// <summary>Takes memory; its content is undefined.</summary>
    public GpuMemory Allocate(long bytes)
    {
        nint address = bytes == 0 ? 0 : TryAllocate(bytes);
        if (address == 0 && bytes > 0)
        {
            (long free, long total) = Gpu.MemoryInfo();
            throw CudaException.NotEnoughMemory(Gpu.ToString(), bytes, free, total);
        }

        return new GpuMemory(this, address, bytes);
    }

    /// <summary>Memory with a content.</summary>
    public GpuMemory Upload<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        GpuMemory memory = Allocate((long)values.Length * sizeof(T));
        Write(memory.Address, values);
        return memory;
    }

    /// <summary>Copies to the GPU. Memory that is not pinned has been read when this returns.</summary>
    public void Write<T>(nint to, ReadOnlySpan<T> from) where T : unmanaged
    {
        fixed (T* source = from)
            Write(to, source, (long)from.Length * sizeof(T));
    }

    /// <summary>Copies from the GPU and waits for it.</summary>
    public void Read<T>(nint from, Span<T> to) where T : unmanaged
    {
        fixed (T* target = to)
            Read(from, target, (long)to.Length * sizeof(T));
    }

    /// <summary>Copies on the GPU.</summary>
    public void Copy(nint from, nint to, long bytes)
    {
        Gpu.Bind();
        Check(cuMemcpyDtoDAsync_v2(to, from, (nuint)bytes, Handle), "copy memory");
    }

    /// <summary>Sets every byte.</summary>
    public void Fill(nint to, byte value, long bytes)
    {
        Gpu.Bind();
        Check(cuMemsetD8Async(to, value, (nuint)bytes, Handle), "fill memory");
    }

    /// <inheritdoc/>
    public void Launch<T>(string module, string kernel, long blocks, int threads, int sharedBytes, in T arguments) where T : unmanaged
    {
        if (blocks == 0)
            return;
        Gpu.Bind();
        nint function = _modules.Function(module, kernel, sharedBytes);
        T copy = arguments;
        void* argument = &copy;
        Check(
            cuLaunchKernel(function, checked((uint)blocks), 1, 1, (uint)threads, 1, 1, (uint)sharedBytes, Handle, &argument, null),
            $"start {module}/{kernel} ({blocks} blocks of {threads} threads, {sharedBytes} bytes of shared memory)");
    }

    bool IKernelQueue.TryMultiply(in ProductShape shape, in MatrixOnDevice a, in MatrixOnDevice b, nint bias, nint addend, in MatrixOnDevice y) =>
        CublasLt is { } library && library.TryRun(shape, a, b, bias, addend, y);

    /// <summary>Registers, and bytes of memory spilled to, of a thread of a kernel.</summary>
    public (int Registers, int LocalBytes) Resources(string module, string kernel)
    {
        Gpu.Bind();
        nint function = _modules.Function(module, kernel, 0);
        Check(cuFuncGetAttribute(out int registers, FunctionAttribute.Registers, function), "tell a kernel's registers");
        Check(cuFuncGetAttribute(out int local, FunctionAttribute.LocalBytes, function), "tell a kernel's memory");
        return (registers, local);
    }

    /// <summary>Marks the end of the work so far.</summary>
    public void Record(GpuEvent mark)
    {
        Gpu.Bind();
        Check(cuEventRecord(mark.Handle, Handle), "record an event");
    }

    /// <summary>Lets later work of this stream wait for a mark in another.</summary>
    public void WaitFor(GpuEvent mark)
    {
        Gpu.Bind();
        Check(cuStreamWaitEvent(Handle, mark.Handle, 0), "wait for an event");
    }

    /// <summary>Captures what <paramref name="work"/> queues here instead of running it.</summary>
    public GpuGraph Capture(Action work)
    {
        Gpu.Bind();
        // Memory of the host may be pinned meanwhile.
        const int Relaxed = 2;
        var sources = new List<PinnedMemory>();
        Check(cuStreamBeginCapture_v2(Handle, Relaxed), "begin to capture work");
        _sources = sources;
        try
        {
            work();
        }
        catch
        {
            // What went wrong first is told, whatever becomes of the rest.
            if (cuStreamEndCapture(Handle, out nint part) == 0 && part != 0)
                cuGraphDestroy(part);
            sources.ForEach(source => source.Dispose());
            throw;
        }
        finally
        {
            _sources = null;
        }

        Check(cuStreamEndCapture(Handle, out nint graph), "capture this work");
        return new GpuGraph(Gpu, graph, sources);
    }

    /// <summary>Starts captured work.</summary>
    public void Launch(GpuGraph graph)
    {
        Gpu.Bind();
        Check(cuGraphLaunch(graph.Executable, Handle), "start captured work");
    }

    /// <summary>Waits until all work is done.</summary>
    public void Synchronize()
    {
        Gpu.Bind();
        Check(cuStreamSynchronize(Handle), "finish its work");
    }

    /// <summary>Takes memory; its content is undefined. 0 where there is no room.</summary>
    internal nint TryAllocate(long bytes)
    {
        if (_sources is not null)
            throw new InvalidOperationException("Work that is being captured took memory.");
        Gpu.Bind();
        int result = cuMemAllocAsync(out nint address, (nuint)bytes, Handle);
        if (result == CudaException.OutOfMemory)
            return 0;
        Check(result, $"take {bytes} bytes of memory");
        return address;
    }

    /// <summary>Gives memory back once the stream's work up to here is done.</summary>
    internal void Free(nint address)
    {
        Gpu.Bind();
        Check(cuMemFreeAsync(address, Handle), "give memory back");
    }

    /// <summary>Copies to the GPU. Memory that is not pinned has been read when this returns.</summary>
    internal void Write(nint to, void* from, long bytes)
    {
        Gpu.Bind();
        if (_sources is not null)
        {
            var kept = new PinnedMemory(Gpu, bytes);
            new Span<byte>(from, checked((int)bytes)).CopyTo(kept.Span);
            _sources.Add(kept);
            fixed (byte* copy = kept.Span)
                from = copy;
        }

        Check(cuMemcpyHtoDAsync_v2(to, from, (nuint)bytes, Handle), "copy from the host");
    }

    /// <summary>Copies from the GPU and waits for it.</summary>
    internal void Read(nint from, void* to, long bytes)
    {
        Gpu.Bind();
        Check(cuMemcpyDtoHAsync_v2(to, from, (nuint)bytes, Handle), "copy to the host");
        Check(cuStreamSynchronize(Handle), "finish its work");
    }

    /// <summary>Ends the stream once its work is done.</summary>
    public void Dispose()
    {
        if (_handle == 0)
            return;
        Gpu.Bind();
        if (_cublasLt.IsValueCreated)
            _cublasLt.Value?.Dispose();
        nint handle = Interlocked.Exchange(ref _handle, 0);
        Check(cuStreamDestroy_v2(handle), "end a stream");
    }
}
