using System.Runtime.InteropServices;

namespace PolaFormer.Tensors.Threading;

/// <summary>Who may hold a thread's scratch at one time: each purpose has a buffer of its own.</summary>
internal enum ScratchPurpose
{
    Attention,
    GemmLeft,
    GemmRight,
    GemmShared,
    Convolution,
    ConvolutionRows,
    ConvolutionWeight,
    ConvolutionFlipped,
    Depthwise,
    FeedForward,
    Regions,
    Count,
}

/// <summary>
/// Native buffers that a thread grows and keeps for packed panels and other intermediate values, so that kernels allocate nothing
/// in steady state. The buffers of a thread are freed some time after it has ended; the garbage collector counts the bytes,
/// so that a program of many short threads does not wait for managed memory to run short.
/// </summary>
internal sealed unsafe class ThreadScratch
{
    private const int Alignment = 64;

    [ThreadStatic]
    private static ThreadScratch? t_instance;

    private readonly nint[] _buffers = new nint[(int)ScratchPurpose.Count];
    private readonly long[] _capacities = new long[(int)ScratchPurpose.Count];

    private ThreadScratch() { }

    ~ThreadScratch()
    {
        for (int purpose = 0; purpose < _buffers.Length; purpose++)
            Free(purpose);
    }

    /// <summary>
    /// A buffer of at least <paramref name="count"/> floats aligned to 64 bytes, valid until the next call on this thread for
    /// the same purpose. Its content is undefined.
    /// </summary>
    public static float* Floats(ScratchPurpose purpose, long count)
    {
        ThreadScratch scratch = t_instance ??= new ThreadScratch();
        if (scratch._capacities[(int)purpose] < count)
            scratch.Grow((int)purpose, count);
        return (float*)scratch._buffers[(int)purpose];
    }

    private void Grow(int purpose, long count)
    {
        Free(purpose);
        long bytes = count * sizeof(float);
        _buffers[purpose] = (nint)NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        _capacities[purpose] = count;
        Device.Cpu.MemoryStatistics.AddScratch(bytes);
        GC.AddMemoryPressure(bytes);
    }

    private void Free(int purpose)
    {
        long bytes = _capacities[purpose] * sizeof(float);
        if (bytes == 0)
            return;
        NativeMemory.AlignedFree((void*)_buffers[purpose]);
        (_buffers[purpose], _capacities[purpose]) = (0, 0);
        Device.Cpu.MemoryStatistics.AddScratch(-bytes);
        GC.RemoveMemoryPressure(bytes);
    }
}
