using System.Runtime.InteropServices;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Cuda.Core;

/// <summary>Rows of tables by index, the order of rows and their cross-entropy (table.cu).</summary>
internal static class TableKernels
{
    /// <summary>
    /// y (groups × count × columns) = rows of tables (groups × rows × columns) at the indices, of 64 bits each; a row that a table does
    /// not have is NaN.
    /// </summary>
    public static void Gather(IKernelQueue queue, nint tables, in GatherShape shape, nint indices, nint y) => queue.Launch(
        "table", "gather", LaunchShape.Filling(queue, shape.ResultRows * shape.Columns), LaunchShape.Threads, 0,
        new GatherArguments(shape) { X = tables, Indices = indices, Y = y });

    /// <summary>Places, of 64 bits, of the first <paramref name="count"/> elements of each row in order; equal ones as they lie, NaN the largest.</summary>
    public static void Order(IKernelQueue queue, nint x, long rows, int columns, int count, bool descending, nint order) => queue.Launch(
        "table", "order", LaunchShape.Filling(queue, rows * columns), LaunchShape.Threads, 0,
        new OrderArguments { X = x, Order = order, Rows = rows, Columns = columns, Count = count, Descending = descending ? 1 : 0 });

    /// <summary>A loss a row, for targets that need not be one-hot, or where they are 0 for a label of 64 bits a row.</summary>
    public static void CrossEntropy(IKernelQueue queue, nint logits, nint targets, nint labels, nint losses, long rows, int classes) => queue.Launch(
        "table", "cross_entropy", LaunchShape.Rows(queue, rows), LaunchShape.Threads, 0,
        new CrossEntropyArguments { Logits = logits, Targets = targets, Labels = labels, Y = losses, Rows = rows, Classes = classes });

    /// <summary>∂logits of a ∂loss a row.</summary>
    public static void CrossEntropyGradient(IKernelQueue queue, nint logits, nint targets, nint labels, nint dlosses, nint dlogits, long rows, int classes) => queue.Launch(
        "table", "cross_entropy_gradient", LaunchShape.Rows(queue, rows), LaunchShape.Threads, 0,
        new CrossEntropyArguments { Logits = logits, Targets = targets, Labels = labels, DLoss = dlosses, Y = dlogits, Rows = rows, Classes = classes });

    [StructLayout(LayoutKind.Sequential)]
    private struct GatherArguments(in GatherShape shape)
    {
        public nint X, Indices, Y;
        private readonly long _groups = shape.Groups, _indexGroups = shape.IndexGroups;
        private readonly int _rows = shape.Rows, _count = shape.Count, _columns = shape.Columns;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct CrossEntropyArguments
    {
        public nint Logits, Targets, DLoss, Labels, Y;
        public long Rows;
        public int Classes;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OrderArguments
    {
        public nint X, Order;
        public long Rows;
        public int Columns, Count, Descending;
    }
}
