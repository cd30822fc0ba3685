using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>Rows of a table by index, and cross-entropy of rows (table.cu).</summary>
internal static class TableKernels
{
    private const int LeastPerPart = 256;

    /// <summary>y (count × columns) = rows of the table at the indices, of 64 bits each; a row that the table does not have is NaN.</summary>
    public static void Gather(IKernelQueue queue, nint table, int tableRows, nint indices, long count, int columns, nint y) => queue.Launch(
        "table", "gather", LaunchShape.Filling(queue, count * columns), LaunchShape.Threads, 0,
        new GatherArguments { X = table, Indices = indices, Y = y, Count = count, TableRows = tableRows, Columns = columns });

    /// <summary>Floats of workspace that <see cref="GatherGradient"/> needs.</summary>
    public static long Workspace(IKernelQueue queue, int tableRows, long count, int columns) =>
        Parts(queue, tableRows, count) is > 1 and int parts ? (long)parts * tableRows * columns : 0;

    /// <summary>∂table: each row the sum of the rows of ∂y that chose it, in order within parts of fixed length.</summary>
    public static void GatherGradient(IKernelQueue queue, nint dy, nint indices, long count, int columns, nint dtable, int tableRows, nint workspace)
    {
        int parts = Parts(queue, tableRows, count);
        queue.Launch("table", "gather_gradient", (long)tableRows * parts, LaunchShape.Threads, 0, new GatherArguments
        {
            X = dy,
            Indices = indices,
            Y = parts == 1 ? dtable : workspace,
            Count = count,
            TableRows = tableRows,
            Columns = columns,
            Parts = parts,
        });
        if (parts > 1)
            SumKernel.Run(queue, workspace, dtable, 1, checked(tableRows * columns), parts);
    }

    /// <summary>A loss a row, for targets that need not be one-hot.</summary>
    public static void CrossEntropy(IKernelQueue queue, nint logits, nint targets, nint losses, long rows, int classes) => queue.Launch(
        "table", "cross_entropy", LaunchShape.Rows(queue, rows), LaunchShape.Threads, 0,
        new CrossEntropyArguments { Logits = logits, Targets = targets, Y = losses, Rows = rows, Classes = classes });

    /// <summary>∂logits of a ∂loss a row.</summary>
    public static void CrossEntropyGradient(IKernelQueue queue, nint logits, nint targets, nint dlosses, nint dlogits, long rows, int classes) => queue.Launch(
        "table", "cross_entropy_gradient", LaunchShape.Rows(queue, rows), LaunchShape.Threads, 0,
        new CrossEntropyArguments { Logits = logits, Targets = targets, DLoss = dlosses, Y = dlogits, Rows = rows, Classes = classes });

    private static int Parts(IKernelQueue queue, int tableRows, long count)
    {
        long wanted = (queue.Multiprocessors * 8L + tableRows - 1) / Math.Max(1, tableRows);
        return (int)Math.Clamp(Math.Min(wanted, count / LeastPerPart), 1, 1024);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct GatherArguments
    {
        public nint X, Indices, Y;
        public long Count;
        public int TableRows, Columns, Parts;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct CrossEntropyArguments
    {
        public nint Logits, Targets, DLoss, Y;
        public long Rows;
        public int Classes;
    }
}
