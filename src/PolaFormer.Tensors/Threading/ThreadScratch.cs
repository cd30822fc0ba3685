using System.Runtime.InteropServices;

namespace PolaFormer.Tensors.Threading;

/// <summary>Who may hold a thread's scratch at one time: each purpose has a buffer of its own.</summary>
internal enum ScratchPurpose
{
    GemmLeft,
    GemmRight,
    GemmShared,
    Convolution,
    ConvolutionRows,
    ConvolutionWeight,
    ConvolutionFlipped,
    Depthwise,
    FeedForward,
    Count,
}

/// <summary>
/// Native buffers that a thread grows and keeps for packed panels and the like, so that kernels take nothing from the
/// allocator in steady state. What a thread held is freed some time after it ended.
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
        foreach (var buffer in _buffers) NativeMemory.AlignedFree((void*)buffer);
    }

    /// <summary>
    /// A buffer of at least <paramref name="count"/> floats aligned to 64 bytes, valid until this thread asks again for
    /// the same purpose. Its content is undefined.
    /// </summary>
    public static float* Floats(ScratchPurpose purpose, long count)
    {
        var scratch = t_instance ??= new ThreadScratch();
        ref var capacity = ref scratch._capacities[(int)purpose];
        ref var buffer = ref scratch._buffers[(int)purpose];
        if (capacity < count)
        {
            NativeMemory.AlignedFree((void*)buffer);
            (buffer, capacity) = (0, 0);
            buffer = (nint)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), Alignment);
            capacity = count;
        }
        return (float*)buffer;
    }
}
