using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Goes over the arrays of a table as if they were one array, so that many small ones are one piece of work.</summary>
internal static unsafe class ArrayRows
{
    /// <summary>Updates every element of every row.</summary>
    public static void Run<TUpdate>(ReadOnlySpan<ArrayRow> rows, TUpdate update) where TUpdate : struct, IRowUpdate
    {
        long total = 0;
        foreach (ref readonly ArrayRow row in rows)
            total += row.Count;
        if (total == 0)
            return;
        int parts = Workers.PartsFor(total, Elementwise.Grain);
        fixed (ArrayRow* first = rows)
            Workers.Run(parts, new Body<TUpdate> { Rows = first, Update = update, Total = total, Parts = parts });
    }

    private struct Body<TUpdate> : IParallelBody where TUpdate : struct, IRowUpdate
    {
        public ArrayRow* Rows;
        public TUpdate Update;
        public long Total;
        public int Parts;

        public readonly void Run(int part)
        {
            if (VectorWidth.Is512)
                Run<Float32x16>(part);
            else if (VectorWidth.Is256)
                Run<Float32x8>(part);
            else
                Run<Float32x4>(part);
        }

        private readonly void Run<T>(int part) where T : unmanaged, IFloat32Vector<T>
        {
            long from = Total * part / Parts, to = Total * (part + 1) / Parts, start = 0;
            for (ArrayRow* row = Rows; start < to; start += row->Count, row++)
            {
                long begin = Math.Max(from - start, 0), end = Math.Min(to - start, row->Count);
                if (begin < end)
                    Update.Run<T>(*row, begin, end);
            }
        }
    }
}
