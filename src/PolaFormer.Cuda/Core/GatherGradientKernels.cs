using System.Runtime.InteropServices;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Cuda.Core;

/// <summary>
/// The gradient of rows taken by index (table.cu): places are sorted by the row that they chose, without atomics and in time and
/// memory that grow with the places alone, and the places of each row are added up in their order, in runs of fixed length.
/// </summary>
internal static class GatherGradientKernels
{
    private const string Module = "table";
    private const int Run = 256, LeastPerPart = 1024;

    /// <summary>Numbers of 32 bits that <see cref="Sum"/> needs as its workspace.</summary>
    public static long Workspace(in GatherShape shape) =>
        (shape.IndexGroups * ((Parts(shape) * (long)shape.Rows) + (2L * shape.Count) + shape.Rows + 1)) + (2L * shape.Groups * Runs(shape) * shape.Columns);

    /// <summary>∂tables: each row the sum of the rows of ∂y that chose it.</summary>
    public static void Sum(IKernelQueue queue, nint dy, in GatherShape shape, nint indices, nint dtables, nint workspace)
    {
        if (shape.Groups * shape.Rows * shape.Columns == 0)
            return;
        int parts = Parts(shape), runs = Runs(shape);
        nint counts = workspace, ranks = Behind(counts, shape.IndexGroups * parts * shape.Rows), starts = Behind(ranks, shape.IndexGroups * shape.Count);
        nint order = Behind(starts, shape.IndexGroups * (shape.Rows + 1)), edges = Behind(order, shape.IndexGroups * shape.Count);
        var arguments = new Arguments(shape)
        {
            DY = dy,
            Indices = indices,
            DX = dtables,
            Counts = counts,
            Ranks = ranks,
            Starts = starts,
            Order = order,
            Edges = edges,
            Parts = parts,
            Each = PerPart(shape),
            Runs = runs,
        };
        Launch(queue, "rank_places", shape.IndexGroups * parts, arguments);
        Launch(queue, "count_places", LaunchShape.Filling(queue, shape.IndexGroups * shape.Rows), arguments);
        Launch(queue, "start_rows", shape.IndexGroups, arguments);
        Launch(queue, "order_places", LaunchShape.Filling(queue, shape.IndexGroups * shape.Count), arguments);
        int threads = Math.Clamp((shape.Columns + 31) / 32 * 32, 32, LaunchShape.Threads);
        queue.Launch(Module, "sum_places", shape.Groups * runs, threads, 0, arguments);
        Launch(queue, "join_rows", LaunchShape.Filling(queue, shape.Groups * shape.Rows * shape.Columns), arguments);
    }

    private static nint Behind(nint address, long count) => address + (nint)(count * sizeof(int));

    // At least as many places as there are rows, so that a part's counts take no more room than its places.
    private static int PerPart(in GatherShape shape) => Math.Max(LeastPerPart, shape.Rows);

    private static int Parts(in GatherShape shape) => Pieces(shape.Count, PerPart(shape));

    private static int Runs(in GatherShape shape) => Pieces(shape.Count, Run);

    private static int Pieces(int count, int each) => (int)(((long)count + each - 1) / each);

    private static void Launch(IKernelQueue queue, string kernel, long blocks, in Arguments arguments) =>
        queue.Launch(Module, kernel, blocks, LaunchShape.Threads, LaunchShape.Threads * sizeof(int), arguments);

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments(in GatherShape shape)
    {
        public nint DY, Indices, DX, Counts, Ranks, Starts, Order, Edges;
        private readonly long _groups = shape.Groups, _sets = shape.IndexGroups;
        private readonly int _rows = shape.Rows, _count = shape.Count, _columns = shape.Columns;
        public int Parts, Each, Runs;
    }
}
