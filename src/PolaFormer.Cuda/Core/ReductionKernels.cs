using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>Reductions over the middle of (outer, reduced, inner) (reduction.cu).</summary>
internal static class ReductionKernels
{
    private const int LeastPerPart = 64;

    /// <summary>Floats of workspace that <see cref="Reduce"/> needs.</summary>
    public static long Workspace(IKernelQueue queue, long outer, int reduced, long inner) =>
        Parts(queue, outer, reduced, inner) is > 1 and int parts ? parts * outer * inner : 0;

    /// <summary>y (outer × inner) of x.</summary>
    public static void Reduce(IKernelQueue queue, StorageType type, ReduceFunction function, nint x, nint y, nint workspace, long outer, int reduced, long inner)
    {
        string suffix = LaunchShape.Suffix(type);
        int parts = Parts(queue, outer, reduced, inner);
        var arguments = new Arguments
        {
            X = x,
            Y = y,
            Partial = workspace,
            Outer = outer,
            Inner = inner,
            Reduced = reduced,
            Parts = parts,
            Largest = function == ReduceFunction.Max ? 1 : 0,
            Factor = function == ReduceFunction.Mean ? 1f / reduced : 1,
        };
        if (inner == 1)
        {
            queue.Launch("reduction", $"reduce_rows_{suffix}", LaunchShape.Rows(queue, outer), LaunchShape.Threads, 0, arguments);
            return;
        }

        queue.Launch("reduction", $"reduce_columns_{suffix}", LaunchShape.Exact(outer * inner * parts), LaunchShape.Threads, 0, arguments);
        if (parts > 1)
            queue.Launch("reduction", $"reduce_parts_{suffix}", LaunchShape.Exact(outer * inner), LaunchShape.Threads, 0, arguments);
    }

    /// <summary>Parts of the dimension, where there are too few results for the GPU's threads.</summary>
    private static int Parts(IKernelQueue queue, long outer, int reduced, long inner)
    {
        if (inner == 1)
            return 1;
        long wanted = (queue.Multiprocessors * 2048L + outer * inner - 1) / (outer * inner);
        return (int)Math.Clamp(wanted, 1, Math.Max(1, reduced / LeastPerPart));
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint X, Partial, Y;
        public long Outer, Inner;
        public int Reduced, Parts, Largest;
        public float Factor;
    }
}
