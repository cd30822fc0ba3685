using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Rows of a table by index, and the gradient of the table.</summary>
internal static unsafe class Gather
{
    /// <summary>y(count, columns): row i is row index[i] of table(tableRows, columns).</summary>
    /// <exception cref="ArgumentOutOfRangeException">An index names no row; nothing is written then.</exception>
    public static void Rows(float* table, int tableRows, long* index, long count, int columns, float* y)
    {
        Check(index, count, tableRows);
        int parts = Workers.PartsFor(count * columns, 2 * Elementwise.Grain);
        Workers.Run(parts, new RowsBody { Table = table, Index = index, Y = y, Count = count, Columns = columns, Parts = parts });
    }

    /// <summary>
    /// table(tableRows, columns) += rows of dy(count, columns) at their indices. Each part owns some rows of the table and walks all
    /// indices in order, so that equal indices add up in the same order always.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An index names no row; nothing is written then.</exception>
    public static void ScatterAdd(float* dy, long* index, long count, int columns, float* table, int tableRows)
    {
        Check(index, count, tableRows);
        int parts = Math.Min(Math.Max(1, tableRows), Workers.PartsFor(count * columns, 2 * Elementwise.Grain));
        Workers.Run(parts, new ScatterBody { Dy = dy, Index = index, Table = table, Count = count, Columns = columns, TableRows = tableRows, Parts = parts });
    }

    private static void Check(long* index, long count, int rows)
    {
        for (long i = 0; i < count; i++)
        {
            if ((ulong)index[i] >= (ulong)rows)
                throw new ArgumentOutOfRangeException(nameof(index), index[i], $"Index {i} names row {index[i]} of a table of {rows} rows.");
        }
    }

    private struct RowsBody : IParallelBody
    {
        public float* Table, Y;
        public long* Index;
        public long Count;
        public int Columns, Parts;

        public readonly void Run(int part)
        {
            for (long i = Count * part / Parts; i < Count * (part + 1) / Parts; i++)
                new ReadOnlySpan<float>(Table + Index[i] * Columns, Columns).CopyTo(new Span<float>(Y + i * Columns, Columns));
        }
    }

    private struct ScatterBody : IParallelBody
    {
        public float* Dy, Table;
        public long* Index;
        public long Count;
        public int Columns, TableRows, Parts;

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
            (int from, int to) = Workers.Range(TableRows, Parts, part);
            for (long i = 0; i < Count; i++)
            {
                if (Index[i] < from || Index[i] >= to)
                    continue;
                float* row = Table + Index[i] * Columns, dy = Dy + i * Columns;
                for (int c = 0; c < Columns; c += T.Count)
                {
                    int width = Math.Min(T.Count, Columns - c);
                    T.StorePartial(T.LoadPartial(row + c, width) + T.LoadPartial(dy + c, width), row + c, width);
                }
            }
        }
    }
}
