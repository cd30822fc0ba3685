using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Copies between two n-dimensional layouts. Permutes, slices, concatenation, padding and rolls are all made of it. The
/// dimensions are sorted and merged until two remain at the core: rows that are copied as runs, or a tile that is transposed.
/// </summary>
internal static unsafe partial class StridedCopy
{
    /// <summary>Dimensions at most: a tensor's six, and room for splitting two of them.</summary>
    public const int MaxRank = 8;

    /// <summary>Elements of one step of the core, of which a part makes several.</summary>
    private const int BlockElements = 16384;

    /// <summary>
    /// dst[i₀·dstStrides₀ + …] = src[i₀·srcStrides₀ + …] over all indices in <paramref name="shape"/>; strides count elements and
    /// may be 0 or negative in the source; no two positions of the destination may coincide, nor overlap the source.
    /// </summary>
    public static void Run(
        void* source, ReadOnlySpan<nint> sourceStrides, void* destination, ReadOnlySpan<nint> destinationStrides, ReadOnlySpan<int> shape, int elementSize)
    {
        switch (elementSize)
        {
            case 1: Run<byte, Assign<byte>>((byte*)source, sourceStrides, (byte*)destination, destinationStrides, shape); break;
            case 2: Run<short, Assign<short>>((short*)source, sourceStrides, (short*)destination, destinationStrides, shape); break;
            case 4: Run<float, Assign<float>>((float*)source, sourceStrides, (float*)destination, destinationStrides, shape); break;
            case 8: Run<double, Assign<double>>((double*)source, sourceStrides, (double*)destination, destinationStrides, shape); break;
            default: throw new ArgumentOutOfRangeException(nameof(elementSize), elementSize, "An element has 1, 2, 4 or 8 bytes.");
        }
    }

    /// <summary>The same, adding to what the destination holds.</summary>
    public static void Accumulate(
        float* source, ReadOnlySpan<nint> sourceStrides, float* destination, ReadOnlySpan<nint> destinationStrides, ReadOnlySpan<int> shape) =>
        Run<float, AddTo>(source, sourceStrides, destination, destinationStrides, shape);

    private interface IStore<TElement> where TElement : unmanaged
    {
        static abstract void Row(TElement* source, TElement* destination, int count);

        static abstract void One(TElement* source, TElement* destination);
    }

    private readonly struct Assign<TElement> : IStore<TElement> where TElement : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Row(TElement* source, TElement* destination, int count) =>
            new ReadOnlySpan<TElement>(source, count).CopyTo(new Span<TElement>(destination, count));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void One(TElement* source, TElement* destination) => *destination = *source;
    }

    private readonly struct AddTo : IStore<float>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Row(float* source, float* destination, int count)
        {
            if (VectorWidth.Is512)
                AddRow<Float32x16>(source, destination, count);
            else if (VectorWidth.Is256)
                AddRow<Float32x8>(source, destination, count);
            else
                AddRow<Float32x4>(source, destination, count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void One(float* source, float* destination) => *destination += *source;

        private static void AddRow<T>(float* source, float* destination, int count) where T : unmanaged, IFloat32Vector<T>
        {
            int i = 0;
            for (; i <= count - T.Count; i += T.Count)
                T.Store(T.Load(destination + i) + T.Load(source + i), destination + i);
            if (i < count)
                T.StorePartial(T.LoadPartial(destination + i, count - i) + T.LoadPartial(source + i, count - i), destination + i, count - i);
        }
    }

    private static void Run<TElement, TStore>(
        TElement* source, ReadOnlySpan<nint> sourceStrides, TElement* destination, ReadOnlySpan<nint> destinationStrides, ReadOnlySpan<int> shape)
        where TElement : unmanaged where TStore : struct, IStore<TElement>
    {
        if (shape.Length > MaxRank)
            throw new ArgumentException($"A strided copy has at most {MaxRank} dimensions; {shape.Length} were given.", nameof(shape));
        Span<Dimension> dimensions = stackalloc Dimension[MaxRank];
        int rank = 0;
        for (int i = 0; i < shape.Length; i++)
        {
            if (shape[i] == 0)
                return;
            if (shape[i] != 1)
                dimensions[rank++] = new Dimension(shape[i], sourceStrides[i], destinationStrides[i]);
        }

        var body = new Body<TElement, TStore> { Source = source, Destination = destination };
        body.Plan(SortAndMerge(dimensions[..rank]));
        int parts = Workers.PartsFor(body.Elements, 2 * BlockElements);
        body.Parts = (int)Math.Min(parts, body.Items);
        Workers.Run(body.Parts, body);
    }

    private record struct Dimension(long Extent, nint Source, nint Destination);

    /// <summary>Outermost (largest step of the destination) first; neighbours that are contiguous in both layouts become one.</summary>
    private static Span<Dimension> SortAndMerge(Span<Dimension> dimensions)
    {
        for (int i = 1; i < dimensions.Length; i++)
        {
            for (int j = i; j > 0 && nint.Abs(dimensions[j - 1].Destination) < nint.Abs(dimensions[j].Destination); j--)
                (dimensions[j - 1], dimensions[j]) = (dimensions[j], dimensions[j - 1]);
        }

        int rank = 0;
        foreach (Dimension inner in dimensions)
        {
            if (rank > 0 && dimensions[rank - 1] is var outer
                && outer.Source == inner.Source * inner.Extent && outer.Destination == inner.Destination * inner.Extent)
                dimensions[rank - 1] = inner with { Extent = outer.Extent * inner.Extent };
            else
                dimensions[rank++] = inner;
        }

        return dimensions[..rank];
    }

    /// <summary>
    /// The core goes over two dimensions: columns, the innermost of the destination, and rows, which for a transposing copy is the one
    /// the source runs along. An item is one block of rows (or, of a single row, of columns) at one index of the other dimensions.
    /// </summary>
    private struct Body<TElement, TStore> : IParallelBody where TElement : unmanaged where TStore : struct, IStore<TElement>
    {
        public TElement* Source, Destination;
        public long Elements, Items;
        public int Parts;
        private Dimension _rows, _columns;
        private long _rowBlock, _rowBlocks, _columnBlock, _columnBlocks;
        private int _rank;
        private Outer _outer;

        [InlineArray(MaxRank)]
        private struct Outer
        {
            private Dimension _first;
        }

        public void Plan(Span<Dimension> dimensions)
        {
            _columns = dimensions.Length > 0 ? dimensions[^1] : new Dimension(1, 1, 1);
            int rows = dimensions.Length - 2;
            if (_columns.Source != 1)
            {
                for (int i = 0; i < dimensions.Length - 1; i++)
                {
                    if (dimensions[i].Source == 1)
                        rows = i;
                }
            }

            _rows = rows >= 0 ? dimensions[rows] : new Dimension(1, 0, 0);
            Elements = _rows.Extent * _columns.Extent;
            for (int i = 0; i < dimensions.Length - 1; i++)
            {
                if (i == rows)
                    continue;
                _outer[_rank++] = dimensions[i];
                Elements *= dimensions[i].Extent;
            }

            _columnBlock = Math.Min(_columns.Extent, BlockElements);
            _columnBlocks = (_columns.Extent + _columnBlock - 1) / _columnBlock;
            _rowBlock = Math.Max(1, Math.Min(_rows.Extent, BlockElements / _columnBlock));
            _rowBlocks = (_rows.Extent + _rowBlock - 1) / _rowBlock;
            Items = _rowBlocks * _columnBlocks * (Elements / (_rows.Extent * _columns.Extent));
        }

        public readonly void Run(int part)
        {
            for (long item = Items * part / Parts; item < Items * (part + 1) / Parts; item++)
            {
                (long rest, long columnBlock) = Math.DivRem(item, _columnBlocks);
                (rest, long rowBlock) = Math.DivRem(rest, _rowBlocks);
                long row = rowBlock * _rowBlock, column = columnBlock * _columnBlock;
                nint source = (nint)((row * _rows.Source) + (column * _columns.Source));
                nint destination = (nint)((row * _rows.Destination) + (column * _columns.Destination));
                for (int i = _rank - 1; i >= 0; i--)
                {
                    (rest, long index) = Math.DivRem(rest, _outer[i].Extent);
                    source += (nint)index * _outer[i].Source;
                    destination += (nint)index * _outer[i].Destination;
                }

                Copy(Source + source, Destination + destination,
                    (int)Math.Min(_rowBlock, _rows.Extent - row), (int)Math.Min(_columnBlock, _columns.Extent - column));
            }
        }

        private readonly void Copy(TElement* source, TElement* destination, int rows, int columns)
        {
            if (_columns.Source == 1 && _columns.Destination == 1)
            {
                for (int i = 0; i < rows; i++)
                    TStore.Row(source + (i * _rows.Source), destination + (i * _rows.Destination), columns);
                return;
            }

            // Tiles, so that the side which is read across its cache lines finds them again in the cache.
            const int Tile = 16;
            nint sourceRow = _rows.Source, sourceColumn = _columns.Source, destinationColumn = _columns.Destination;
            for (int i0 = 0; i0 < rows; i0 += Tile)
            {
                int iEnd = Math.Min(rows, i0 + Tile);
                for (int j0 = 0; j0 < columns; j0 += Tile)
                {
                    int jEnd = Math.Min(columns, j0 + Tile);
                    for (int i = i0; i < iEnd; i++)
                    {
                        TElement* from = source + (i * sourceRow) + (j0 * sourceColumn);
                        TElement* to = destination + (i * _rows.Destination) + (j0 * destinationColumn);
                        for (int j = j0; j < jEnd; j++)
                        {
                            TStore.One(from, to);
                            from += sourceColumn;
                            to += destinationColumn;
                        }
                    }
                }
            }
        }
    }
}
