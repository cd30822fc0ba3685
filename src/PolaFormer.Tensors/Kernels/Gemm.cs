using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Matrix products of 32-bit floats. C is cut into register tiles, k into blocks; B is laid out in panels as wide as a
/// tile (see Gemm.Packing), a tile of A where its rows cannot be read as they lie. A tile of A stays in the first cache
/// while a stretch of B streams past it from the second. Every element of C is summed in the same order whatever the cut,
/// so results do not depend on the number of threads, nor on serial or parallel.
/// </summary>
internal static unsafe partial class Gemm
{
    /// <summary>Most values of k summed in registers before C is touched: a tile of A is then 21 KiB.</summary>
    private const int DepthBlock = 768;

    /// <summary>Floats of B that all tiles of A pass before the next: 384 KiB of the second cache.</summary>
    private const int StretchFloats = 98_304;

    /// <summary>Floats of B packed at a time for all threads: 16 MiB.</summary>
    private const int SharedPanelFloats = 1 << 22;

    /// <summary>Rows so many floats apart fall on the same places of the first cache: one way of it, 4 KiB.</summary>
    private const int CacheWay = 1024;

    /// <summary>Floating-point operations worth a task: 20 to 50 µs.</summary>
    private const long Grain = 2_000_000;

    private static int PanelWidth
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx512Lanes.IsSupported ? 2 * Avx512Lanes.Width
            : Avx2Lanes.IsSupported ? 2 * Avx2Lanes.Width
            : Vector128Lanes.IsSupported ? 2 * Vector128Lanes.Width
            : 2 * ScalarLanes.Width;
    }

    private static int TileRows
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx512Lanes.IsSupported ? Avx512Lanes.Rows
            : Avx2Lanes.IsSupported ? Avx2Lanes.Rows
            : Vector128Lanes.IsSupported ? Vector128Lanes.Rows
            : ScalarLanes.Rows;
    }

    private static void RunTile(int rows, in GemmTile tile)
    {
        if (Avx512Lanes.IsSupported)
            GemmMicrokernel<Avx512Lanes, Vector512<float>>.Run(rows, tile);
        else if (Avx2Lanes.IsSupported)
            GemmMicrokernel<Avx2Lanes, Vector256<float>>.Run(rows, tile);
        else if (Vector128Lanes.IsSupported)
            GemmMicrokernel<Vector128Lanes, Vector128<float>>.Run(rows, tile);
        else
            GemmMicrokernel<ScalarLanes, float>.Run(rows, tile);
    }

    /// <summary>Computes the product on all threads.</summary>
    public static void Run(in MatrixProduct p)
    {
        if (p.M <= 0 || p.N <= 0)
            return;
        MatrixProduct product = FoldBatch(p);
        int count = product.OuterBatch * product.InnerBatch;
        long work = 2L * product.M * product.N * Math.Max(product.K, 1);
        if (work * count < 2 * Grain)
        {
            RunSerial(product);
        }
        else if (count >= 8 || work < 4 * Grain)
        {
            int parts = Math.Min(count, Workers.PartsFor(work * count, Grain));
            Workers.Run(parts, new BatchBody { Product = product, Parts = parts });
        }
        else
        {
            for (int item = 0; item < count; item++)
                RunParallel(product.Item(item));
        }
    }

    /// <summary>Computes the product on the calling thread.</summary>
    public static void RunSerial(in MatrixProduct p)
    {
        if (p.M <= 0 || p.N <= 0)
            return;
        MatrixProduct product = FoldBatch(p);
        int count = product.OuterBatch * product.InnerBatch;
        for (int item = 0; item < count; item++)
            RunOne(product.Item(item));
    }

    /// <summary>Where all items share B and follow one another in A and C, they are one taller product.</summary>
    private static MatrixProduct FoldBatch(in MatrixProduct p)
    {
        MatrixProduct product = p;
        if (product.InnerBatch > 1 && Follows(product, product.AInner, product.BInner, product.CInner, product.InnerBatch))
        {
            product.M *= product.InnerBatch;
            product.InnerBatch = 1;
        }
        if (product.InnerBatch == 1 && product.OuterBatch > 1
            && Follows(product, product.AOuter, product.BOuter, product.COuter, product.OuterBatch))
        {
            product.M *= product.OuterBatch;
            product.OuterBatch = 1;
        }
        return product;

        static bool Follows(in MatrixProduct p, nint a, nint b, nint c, int count) =>
            (b == 0 || p.PackedB != null) && a == p.M * p.ARow && c == p.M * p.CRow && (long)p.M * count <= int.MaxValue;
    }

    private struct BatchBody : IParallelBody
    {
        public MatrixProduct Product;
        public int Parts;

        public readonly void Run(int part)
        {
            (int from, int to) = Workers.Range(Product.OuterBatch * Product.InnerBatch, Parts, part);
            for (int item = from; item < to; item++)
                RunOne(Product.Item(item));
        }
    }

    /// <summary>One product on this thread, so many columns at a time as can be packed into its own cache.</summary>
    private static void RunOne(in MatrixProduct p)
    {
        if (p.PackedB != null || ReadsBInPlace(p))
        {
            Block(p, Panels.Of(p), 0, p.M, 0, p.N);
            return;
        }
        int columns = Math.Max(StretchFloats / Math.Max(p.K, 1) / PanelWidth, 1) * PanelWidth;
        for (int j = 0; j < p.N; j += columns)
        {
            int to = Math.Min(j + columns, p.N);
            var panels = new Panels(ThreadScratch.Floats(ScratchPurpose.GemmRight, PackedBLength(p.K, to - j)), j, to);
            PackPanels(p.B, p.BRow, p.BCol, p.K, panels, j, to, 0);
            Block(p, panels, 0, p.M, j, to);
        }
    }

    /// <summary>One product on all threads: packing where it is needed, then a grid of blocks of C.</summary>
    private static void RunParallel(in MatrixProduct p)
    {
        if (p.PackedB != null || ReadsBInPlace(p))
        {
            RunGrid(p, Panels.Of(p), 0, p.N);
            return;
        }
        int columns = (int)Math.Min(RoundUp(p.N, PanelWidth), Math.Max(SharedPanelFloats / Math.Max(p.K, 1) / PanelWidth, 1) * PanelWidth);
        for (int j = 0; j < p.N; j += columns)
        {
            int to = Math.Min(j + columns, p.N);
            var panels = new Panels(ThreadScratch.Floats(ScratchPurpose.GemmShared, PackedBLength(p.K, to - j)), j, to);
            PackPanels(p, panels);
            RunGrid(p, panels, j, to);
        }
    }

    private static void PackPanels(in MatrixProduct p, in Panels panels)
    {
        int parts = Math.Min(panels.Count, Workers.PartsFor((long)p.K * (panels.To - panels.From), 16_384));
        Workers.Run(parts, new PackBody { Product = p, Panels = panels, Parts = parts });
    }

    private static void RunGrid(in MatrixProduct p, in Panels panels, int from, int to)
    {
        // Blocks about as high as wide: each task then reads least of A and B together.
        (int tiles, int width) = ((p.M + TileRows - 1) / TileRows, (to - from + PanelWidth - 1) / PanelWidth);
        int tasks = Workers.PartsFor(2L * p.M * (to - from) * Math.Max(p.K, 1), Grain);
        int columnParts = Math.Clamp((int)Math.Round(Math.Sqrt((double)tasks * (to - from) / p.M)), 1, Math.Min(tasks, width));
        int rowParts = Math.Clamp(tasks / columnParts, 1, tiles);
        Workers.Run(rowParts * columnParts, new GridBody { Product = p, Panels = panels, From = from, To = to, RowParts = rowParts, ColumnParts = columnParts });
    }

    /// <summary>Blocks of C: so many runs of rows by so many runs of panels.</summary>
    private struct GridBody : IParallelBody
    {
        public MatrixProduct Product;
        public Panels Panels;
        public int From, To, RowParts, ColumnParts;

        public readonly void Run(int part)
        {
            (int column, int row) = Math.DivRem(part, RowParts);
            (int i, int iEnd) = Workers.Range((Product.M + TileRows - 1) / TileRows, RowParts, row);
            (int j, int jEnd) = Workers.Range((To - From + PanelWidth - 1) / PanelWidth, ColumnParts, column);
            Block(Product, Panels, i * TileRows, Math.Min(iEnd * TileRows, Product.M), From + (j * PanelWidth), Math.Min(From + (jEnd * PanelWidth), To));
        }
    }

    private struct PackBody : IParallelBody
    {
        public MatrixProduct Product;
        public Panels Panels;
        public int Parts;

        public readonly void Run(int part)
        {
            (int from, int to) = Workers.Range(Panels.Count, Parts, part);
            PackPanels(Product.B, Product.BRow, Product.BCol, Product.K, Panels, Panels.From + (from * PanelWidth), Math.Min(Panels.From + (to * PanelWidth), Panels.To), Product.ASegment);
        }
    }

    /// <summary>Rows of B are read where they are when it is small or used by few tiles: packing would not pay.</summary>
    private static bool ReadsBInPlace(in MatrixProduct p) =>
        p.BCol == 1 && p.BRow != 0 && p.K % 2 == 0 && p.N % PanelWidth == 0 && (p.M <= 8 * TileRows || (long)p.K * p.N <= 16_384);

    /// <summary>Rows of A are read where they are unless they are strewn, or would evict one another from the first cache.</summary>
    private static bool ReadsAInPlace(in MatrixProduct p) =>
        p.ASegment > 0 || p.ACol == 1 && p.K % 2 == 0 && (p.ARow % CacheWay != 0 || p.M == 1);

    /// <summary>One block of C.</summary>
    [SkipLocalsInit]
    private static void Block(in MatrixProduct p, in Panels panels, int i, int iEnd, int j, int jEnd)
    {
        float* sums = stackalloc float[TileRows * PanelWidth];
        bool inPlace = ReadsAInPlace(p);
        var tile = new GemmTile { CRow = p.CRow, Alpha = p.Alpha, Sums = sums, ARow = p.ARow, BRow = panels.Base != null ? PanelWidth : p.BRow };
        int depthBlock = DepthOf(p.K, p.ASegment);
        for (int k = 0; k == 0 || k < p.K; k += depthBlock)
        {
            int depth = Math.Min(depthBlock, p.K - k);
            (bool first, bool last) = (k == 0, k + depth >= p.K);
            tile.K = RoundUp(depth, 2);
            tile.Segments = 1;
            if (p.ASegment > 0)
                (tile.K, tile.Segments, tile.SegmentJump) = (p.ASegment, depth / p.ASegment, p.ASegmentRow - p.ASegment);
            if (!inPlace)
            {
                (tile.IsPacked, tile.ARow) = p.ACol == 1 ? (false, RoundUp(tile.K, 16) + 16) : (true, 1);
                tile.A = ThreadScratch.Floats(ScratchPurpose.GemmLeft, TileRows * (long)Math.Max(tile.ARow, tile.K));
            }
            int stretch = Math.Max(StretchFloats / Math.Max(depth, 1) / PanelWidth, 1) * PanelWidth;
            for (int from = j; from < jEnd; from += stretch)
            {
                int to = Math.Min(from + stretch, jEnd);
                for (int row = i, rows; row < iEnd; row += rows)
                {
                    rows = NextRows(iEnd - row);
                    float* a = p.A + (row * p.ARow) + (p.ASegment > 0 ? k / p.ASegment * p.ASegmentRow : k * p.ACol);
                    if (inPlace)
                        tile.A = a;
                    else if (tile.IsPacked)
                        PackTile(a, p.ARow, p.ACol, rows, depth, tile.A);
                    else
                        CopyRows(a, p.ARow, rows, depth, tile.A, tile.ARow);
                    for (int column = from; column < to; column += PanelWidth)
                    {
                        tile.Columns = Math.Min(PanelWidth, jEnd - column);
                        tile.B = panels.Base != null ? panels.At(column, k, RoundUp(depth, 2)) : p.B + (k * p.BRow) + column;
                        tile.C = p.C + (row * p.CRow) + column;
                        tile.Bias = first && p.Bias != null ? p.Bias + column : null;
                        tile.Addend = !first ? tile.C : p.Addend != null ? p.Addend + (row * p.CRow) + column : null;
                        bool starts = first && tile.Alpha == 1 && tile.Columns % (PanelWidth / 2) == 0;
                        (tile.StartsFromBias, tile.StartsFromAddend) = (starts && tile.Bias != null, starts && tile.Addend != null);
                        RunTile(rows, tile);
                        if (last && p.Activation != Activation.None)
                            Activate(p.Activation, rows, tile);
                    }
                }
            }
        }
    }

    /// <summary>Length of the blocks into which k falls: even, a multiple of the segment if there is one, and equal but for the last.</summary>
    private static int DepthOf(int k, int segment)
    {
        int blocks = Math.Max((k + DepthBlock - 1) / DepthBlock, 1);
        return RoundUp(Math.Max((k + blocks - 1) / blocks, 1), Math.Max(segment, 2));
    }

    /// <summary>Height of the next tile when so many rows are left: all about equally high.</summary>
    private static int NextRows(int left)
    {
        int tiles = (left + TileRows - 1) / TileRows;
        return (left + tiles - 1) / tiles;
    }

    /// <summary>y = f(y) over a tile of C while it lies in the first cache.</summary>
    private static void Activate(Activation function, int rows, in GemmTile tile)
    {
        for (int row = 0; row < rows; row++)
        {
            float* c = tile.C + (row * tile.CRow);
            switch (function)
            {
                case Activation.Relu: Elementwise.MapSerial<Elementwise.Relu>(c, c, tile.Columns); break;
                case Activation.Gelu: Elementwise.MapSerial<Elementwise.Gelu>(c, c, tile.Columns); break;
                case Activation.Silu: Elementwise.MapSerial<Elementwise.Silu>(c, c, tile.Columns); break;
            }
        }
    }
}
