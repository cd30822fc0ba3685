using System.Runtime.InteropServices;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Working memory of the calling thread for one unit of attention: taken once, grown on demand, kept.</summary>
/// <remarks>One user at a time on a thread: <see cref="Begin"/> invalidates what was handed out before.</remarks>
internal static unsafe class AttentionScratch
{
    private const int Alignment = 64;

    [ThreadStatic]
    private static float* t_memory;

    [ThreadStatic]
    private static long t_capacity;

    /// <summary>At least <paramref name="floats"/> floats, aligned to a cache line, contents undefined.</summary>
    public static float* Begin(long floats)
    {
        if (floats > t_capacity)
        {
            NativeMemory.AlignedFree(t_memory);
            t_memory = null;
            t_capacity = 0;
            t_memory = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), Alignment);
            t_capacity = floats;
        }
        return t_memory;
    }
}
