using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>Adds up partial results in their order (core.cu).</summary>
internal static class SumKernel
{
    private const int ManyParts = 16, ElementsOfBlock = 32;

    /// <summary>sums[unit] = Σ parts[unit][i] over <paramref name="count"/> vectors of <paramref name="length"/> floats.</summary>
    public static void Run(IKernelQueue queue, nint parts, nint sums, long units, int length, int count)
    {
        var arguments = new Arguments { Parts = parts, Sums = sums, Total = units * length, Length = length, Count = count };
        if (count >= ManyParts)
            queue.Launch("core", "sum_many_parts", (arguments.Total + ElementsOfBlock - 1) / ElementsOfBlock, LaunchShape.Threads, LaunchShape.Threads * sizeof(float), arguments);
        else
            queue.Launch("core", "sum_parts", LaunchShape.Exact(arguments.Total), LaunchShape.Threads, 0, arguments);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint Parts, Sums;
        public long Total;
        public int Length, Count;
    }
}
