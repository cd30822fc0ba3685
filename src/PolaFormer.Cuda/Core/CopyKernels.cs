using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>Copies with strides, and conversions between element types (copy.cu).</summary>
internal static class CopyKernels
{
    private const int MostBytes = 16;

    /// <summary>y = x for the elements of a walk over both, each of 1, 2, 4 or 8 bytes.</summary>
    public static void Copy(IKernelQueue queue, int elementBytes, nint x, nint y, in Walk walk)
    {
        if (walk.Count == 0)
            return;
        int together = walk.Together(MostBytes / elementBytes);
        while ((x | y) % (together * elementBytes) != 0)
            together /= 2;
        Walk groups = walk.InGroupsOf(together);
        queue.Launch(
            "copy", $"copy_{together * elementBytes}", LaunchShape.Filling(queue, groups.Count), LaunchShape.Threads, 0,
            new CopyArguments { X = x, Y = y, Walk = groups });
    }

    /// <summary>y = x, without gaps.</summary>
    public static void Copy(IKernelQueue queue, int elementBytes, nint x, nint y, long count)
    {
        const int Line = 1 << 30;
        for (long start = 0; start < count; start += Line)
        {
            int length = (int)Math.Min(Line, count - start);
            Copy(queue, elementBytes, x + (nint)(start * elementBytes), y + (nint)(start * elementBytes), new Walk([length], [1], [1]));
        }
    }

    /// <summary>y = x in another element type; one of both is <see cref="DType.Float32"/>.</summary>
    public static void Convert(IKernelQueue queue, DType from, nint x, DType to, nint y, long count) => queue.Launch(
        "copy", "convert", LaunchShape.Filling(queue, count), LaunchShape.Threads, 0,
        new ConvertArguments { X = x, Y = y, Count = count, From = (int)from, To = (int)to });

    [StructLayout(LayoutKind.Sequential)]
    private struct CopyArguments
    {
        public nint X, Y;
        public Walk Walk;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ConvertArguments
    {
        public nint X, Y;
        public long Count;
        public int From, To;
    }
}
