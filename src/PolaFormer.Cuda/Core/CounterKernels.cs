using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>Numbers in a row, counters, and tables of positions (core.cu).</summary>
internal static class CounterKernels
{
    /// <summary>y[i] = start + i·step.</summary>
    public static void Arange(IKernelQueue queue, nint y, float start, float step, long count) =>
        Launch(queue, "arange", count, new CountArguments { Y = y, Count = count, Start = start, Step = step });

    /// <summary>y += value for whole numbers of 64 bits.</summary>
    public static void Increment(IKernelQueue queue, nint y, long value, long count) =>
        Launch(queue, "increment", count, new CountArguments { Counts = y, Count = count, Value = value });

    /// <summary>sin and cos (height·width × 2·count) of a token's row on a grid times the angles, and then of its column.</summary>
    public static void RotaryTables(IKernelQueue queue, nint angle, int count, int height, int width, nint sin, nint cos) => Launch(
        queue, "rotary_tables", 2L * height * width * count, new RotaryArguments { Angle = angle, Sin = sin, Cos = cos, Count = count, Height = height, Width = width });

    private static void Launch<T>(IKernelQueue queue, string kernel, long threads, in T arguments) where T : unmanaged =>
        queue.Launch("core", kernel, LaunchShape.Filling(queue, threads), LaunchShape.Threads, 0, arguments);

    [StructLayout(LayoutKind.Sequential)]
    private struct CountArguments
    {
        public nint Y, Counts;
        public long Count, Value;
        public float Start, Step;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct RotaryArguments
    {
        public nint Angle, Sin, Cos;
        public int Count, Height, Width;
    }
}
