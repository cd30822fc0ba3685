using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>Reductions over the middle of (outer, reduced, inner) (reduction.cu).</summary>
internal static class ReductionKernels
{
    private const int LeastPerPart = 64, LeastOfRow = 2048, MostParts = 512, RunsOfBlock = 16, BlocksPerMultiprocessor = 4;

    /// <summary>Floats of workspace that <see cref="Reduce"/> needs.</summary>
    public static long Workspace(IKernelQueue queue, long outer, int reduced, long inner) =>
        Math.Max(TakesFour(outer, reduced, inner) ? ColumnParts(queue, reduced, inner) * inner : 0, Parts(queue, outer, reduced, inner) is > 1 and int parts ? parts * outer * inner : 0);

    /// <summary>y (outer × inner) of x.</summary>
    public static void Reduce(IKernelQueue queue, StorageType type, ReduceFunction function, nint x, nint y, nint workspace, long outer, int reduced, long inner)
    {
        if (outer * inner == 0)
            return;
        string suffix = LaunchShape.Suffix(type);
        if (type == StorageType.Float && function != ReduceFunction.Max && TakesFour(outer, reduced, inner) && x % 16 == 0)
        {
            SumColumns(queue, type, x, y, workspace, reduced, inner, function == ReduceFunction.Mean ? 1f / reduced : 1);
            return;
        }

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
            queue.Launch("reduction", $"reduce_rows_{suffix}", LaunchShape.Rows(queue, outer * parts), LaunchShape.Threads, 0, arguments);
        else
            queue.Launch("reduction", $"reduce_columns_{suffix}", LaunchShape.Exact(outer * inner * parts), LaunchShape.Threads, 0, arguments);
        if (parts > 1)
            queue.Launch("reduction", $"reduce_parts_{suffix}", LaunchShape.Exact(outer * inner), LaunchShape.Threads, 0, arguments);
    }

    /// <summary>Floats of workspace that <see cref="SumColumns"/> needs.</summary>
    public static long ColumnWorkspace(IKernelQueue queue, int rows, int columns) => ColumnParts(queue, rows, columns) * (long)columns;

    /// <summary>Sums of the columns, of which there are a multiple of four, in floats, times a factor.</summary>
    public static void SumColumns(IKernelQueue queue, StorageType type, nint x, nint y, nint workspace, int reduced, long inner, float factor = 1)
    {
        int parts = ColumnParts(queue, reduced, inner);
        var arguments = new Arguments
        {
            X = x,
            Partial = parts == 1 ? y : workspace,
            Outer = 1,
            Inner = inner,
            Reduced = reduced,
            Parts = parts,
            Factor = factor,
        };
        queue.Launch("reduction", $"sum_columns_{LaunchShape.Suffix(type)}", parts * ColumnTiles(inner), LaunchShape.Threads, 4 * LaunchShape.Threads * sizeof(float), arguments);
        if (parts > 1)
            SumKernel.Run(queue, workspace, y, 1, checked((int)inner), parts);
    }

    /// <summary>∂x of a maximum: ∂y at the first largest value, 0 at the others.</summary>
    public static void LargestGradient(IKernelQueue queue, nint x, nint dy, nint dx, long outer, int reduced, long inner) => queue.Launch(
        "reduction", "largest_gradient", LaunchShape.Filling(queue, outer * inner), LaunchShape.Threads, 0,
        new LargestArguments { X = x, DY = dy, DX = dx, Outer = outer, Inner = inner, Reduced = reduced });

    /// <summary>Places, of 64 bits, of the first largest values.</summary>
    public static void LargestPlaces(IKernelQueue queue, nint x, nint places, long outer, int reduced, long inner) => queue.Launch(
        "reduction", "largest_places", LaunchShape.Filling(queue, outer * inner), LaunchShape.Threads, 0,
        new LargestArguments { X = x, Places = places, Outer = outer, Inner = inner, Reduced = reduced });

    /// <summary>Floats of workspace that <see cref="CountNonFinite"/> needs.</summary>
    public static long CountWorkspace(IKernelQueue queue, long elements) => 4 * LaunchShape.Filling(queue, elements);

    /// <summary>How many values of rows are NaN and how many infinite: two counts of 64 bits.</summary>
    public static void CountNonFinite(IKernelQueue queue, nint x, long rows, int width, long rowStride, nint counts, nint workspace)
    {
        long blocks = LaunchShape.Filling(queue, rows * width);
        var arguments = new NonFiniteArguments { X = x, Partial = workspace, Counts = counts, Rows = rows, Row = rowStride, Width = width, Parts = (int)blocks };
        queue.Launch("reduction", "count_non_finite", blocks, LaunchShape.Threads, 2 * LaunchShape.Threads * sizeof(long), arguments);
        queue.Launch("reduction", "sum_counts", 1, 32, 0, arguments);
    }

    private static bool TakesFour(long outer, int reduced, long inner) => outer == 1 && inner % 4 == 0 && inner is > 0 and <= int.MaxValue && reduced >= LeastPerPart;

    private static long ColumnTiles(long inner) => ((inner / 4) + RunsOfBlock - 1) / RunsOfBlock;

    private static int ColumnParts(IKernelQueue queue, int reduced, long inner)
    {
        long wanted = ((queue.Multiprocessors * BlocksPerMultiprocessor) + ColumnTiles(inner) - 1) / ColumnTiles(inner);
        return (int)Math.Clamp(Math.Min(wanted, reduced / LeastPerPart), 1, MostParts);
    }

    /// <summary>Parts of the dimension, where there are too few results for the GPU's threads.</summary>
    private static int Parts(IKernelQueue queue, long outer, int reduced, long inner)
    {
        long results = Math.Max(1, outer * inner), least = inner == 1 ? LeastOfRow : LeastPerPart;
        long wanted = ((queue.Multiprocessors * (inner == 1 ? 64L : 2048L)) + results - 1) / results;
        return (int)Math.Clamp(Math.Min(wanted, reduced / least), 1, MostParts);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint X, Partial, Y;
        public long Outer, Inner;
        public int Reduced, Parts, Largest;
        public float Factor;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct LargestArguments
    {
        public nint X, DY, DX, Places;
        public long Outer, Inner;
        public int Reduced;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct NonFiniteArguments
    {
        public nint X, Partial, Counts;
        public long Rows, Row;
        public int Width, Parts;
    }
}
