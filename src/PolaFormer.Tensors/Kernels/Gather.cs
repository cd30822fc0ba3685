using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Rows of tables by index, and the gradient of the tables.</summary>
internal static unsafe class Gather
{
    /// <summary>y(groups, count, columns): row i of a group is row index[i] of its table(rows, columns).</summary>
    /// <exception cref="ArgumentOutOfRangeException">An index names no row; nothing is written then.</exception>
    public static void Rows(float* tables, in GatherShape shape, long* index, float* y)
    {
        Check(index, shape);
        int parts = Workers.PartsFor(shape.ResultRows * shape.Columns, 2 * Elementwise.Grain);
        Workers.Run(parts, new RowsBody { Tables = tables, Index = index, Y = y, Shape = shape, Parts = parts });
    }

    /// <summary>
    /// tables(groups, rows, columns) += rows of dy(groups, count, columns) at their indices. Each part owns some rows of the tables and
    /// takes their indices in order, so that equal indices add up in the same order always.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An index names no row; nothing is written then.</exception>
    public static void ScatterAdd(float* dy, in GatherShape shape, long* index, float* tables)
    {
        Check(index, shape);
        int parts = (int)Math.Min(Math.Max(1, shape.Groups * shape.Rows), Workers.PartsFor(shape.ResultRows * shape.Columns, 2 * Elementwise.Grain));
        Workers.Run(parts, new ScatterBody { Dy = dy, Index = index, Tables = tables, Shape = shape, Parts = parts });
    }

    private static void Check(long* index, in GatherShape shape)
    {
        for (long i = 0; i < shape.IndexGroups * shape.Count; i++)
        {
            if ((ulong)index[i] >= (ulong)shape.Rows)
                throw new ArgumentOutOfRangeException(nameof(index), index[i], $"Index {i} names row {index[i]} of a table of {shape.Rows} rows.");
        }
    }

    private struct RowsBody : IParallelBody
    {
        public float* Tables, Y;
        public long* Index;
        public GatherShape Shape;
        public int Parts;

        public readonly void Run(int part)
        {
            long to = Shape.ResultRows * (part + 1) / Parts;
            for (long i = Shape.ResultRows * part / Parts; i < to; i++)
            {
                (long group, long place) = Math.DivRem(i, Shape.Count);
                long row = (group * Shape.Rows) + Index[(group % Shape.IndexGroups * Shape.Count) + place];
                new ReadOnlySpan<float>(Tables + (row * Shape.Columns), Shape.Columns).CopyTo(new Span<float>(Y + (i * Shape.Columns), Shape.Columns));
            }
        }
    }

    private struct ScatterBody : IParallelBody
    {
        public float* Dy, Tables;
        public long* Index;
        public GatherShape Shape;
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
            long rows = Shape.Groups * Shape.Rows, from = rows * part / Parts, to = rows * (part + 1) / Parts;
            for (long group = from / Math.Max(Shape.Rows, 1); group * Shape.Rows < to; group++)
            {
                long* index = Index + (group % Shape.IndexGroups * Shape.Count);
                for (int i = 0; i < Shape.Count; i++)
                {
                    long row = (group * Shape.Rows) + index[i];
                    if (row >= from && row < to)
                        Add<T>(Tables + (row * Shape.Columns), Dy + (((group * Shape.Count) + i) * Shape.Columns));
                }
            }
        }

        private readonly void Add<T>(float* row, float* dy) where T : unmanaged, IFloat32Vector<T>
        {
            for (int c = 0; c < Shape.Columns; c += T.Count)
            {
                int width = Math.Min(T.Count, Shape.Columns - c);
                T.StorePartial(T.LoadPartial(row + c, width) + T.LoadPartial(dy + c, width), row + c, width);
            }
        }
    }
}
