using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Matrix products of 32-bit floats. C is cut into register tiles, k into blocks; B is laid out in panels as wide as a
/// tile (see Gemm.Packing), A in tiles as high as one where that pays. Every element of C is summed in the same order
/// whatever the cut, so results do not depend on the number of threads, nor on serial or parallel.
/// </summary>
internal static unsafe partial class Gemm
{
    /// <summary>Most values of k summed in registers before C is touched: a panel of B then stays near the first cache.</summary>
    private const int DepthBlock = 256;

    /// <summary>Rows of A that one task works on: so many rows of a k block lie in the second cache.</summary>
    private const int RowBlock = 144;

    /// <summary>Floats of B packed for one sweep on all threads (16 MiB) and on one (half of a second cache).</summary>
    private const int SharedPanelFloats = 1 << 22, OwnPanelFloats = 1 << 17;

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
        if (Avx512Lanes.IsSupported) GemmMicrokernel<Avx512Lanes, Vector512<float>>.Run(rows, tile);
        else if (Avx2Lanes.IsSupported) GemmMicrokernel<Avx2Lanes, Vector256<float>>.Run(rows, tile);
        else if (Vector128Lanes.IsSupported) GemmMicrokernel<Vector128Lanes, Vector128<float>>.Run(rows, tile);
        else GemmMicrokernel<ScalarLanes, float>.Run(rows, tile);
    }

    /// <summary>Computes the product on all threads.</summary>
    public static void Run(in MatrixProduct p)
    {
        if (p.M <= 0 || p.N <= 0) return;
        var product = FoldBatch(p);
        var count = product.OuterBatch * product.InnerBatch;
        var work = 2L * product.M * product.N * Math.Max(product.K, 1);
        if (work * count < 2 * Grain)
        {
            RunSerial(product);
        }
        else if (count >= 8 || work < 4 * Grain)
        {
            var parts = Math.Min(count, Workers.PartsFor(work * count, Grain));
            Workers.Run(parts, new BatchBody { Product = product, Parts = parts });
        }
        else
        {
            for (var item = 0; item < count; item++) RunParallel(product.Item(item));
        }
    }

    /// <summary>Computes the product on the calling thread.</summary>
    public static void RunSerial(in MatrixProduct p)
    {
        if (p.M <= 0 || p.N <= 0) return;
        var product = FoldBatch(p);
        var count = product.OuterBatch * product.InnerBatch;
        for (var item = 0; item < count; item++) RunOne(product.Item(item));
    }

    /// <summary>Where all items share B and follow one another in A and C, they are one taller product.</summary>
    private static MatrixProduct FoldBatch(in MatrixProduct p)
    {
        var product = p;
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
            var (from, to) = Workers.Range(Product.OuterBatch * Product.InnerBatch, Parts, part);
            for (var item = from; item < to; item++) RunOne(Product.Item(item));
        }
    }

    /// <summary>One product on this thread, so many columns at a time as can be packed into its own cache.</summary>
    private static void RunOne(in MatrixProduct p)
    {
        var direct = p.PackedB == null && ReadsBInPlace(p);
        var columns = direct || p.PackedB != null ? p.N : Math.Max(OwnPanelFloats / Math.Max(p.K, 1) / PanelWidth, 1) * PanelWidth;
        for (var j = 0; j < p.N; j += columns)
        {
            var to = Math.Min(j + columns, p.N);
            var panels = p.PackedB;
            if (!direct && panels == null)
            {
                panels = ThreadScratch.Floats(ScratchPurpose.GemmRight, PackedBLength(p.K, to - j));
                PackPanels(p.B, p.BRow, p.BCol, p.K, j, to, panels);
                panels -= (nint)j * p.K;
            }
            for (var i = 0; i < p.M; i += RowBlock) Block(p, null, panels, i, Math.Min(i + RowBlock, p.M), j, to);
        }
    }

    /// <summary>One product on all threads: first the packing, then a grid of blocks of C.</summary>
    private static void RunParallel(in MatrixProduct p)
    {
        var panelFloats = (long)Math.Max(p.K, 1) * PanelWidth;
        var columns = (int)Math.Min(RoundUp(p.N, PanelWidth), Math.Max(SharedPanelFloats / panelFloats, 1) * PanelWidth);
        for (var j = 0; j < p.N; j += columns) RunSweep(p, j, Math.Min(j + columns, p.N));
    }

    private static void RunSweep(in MatrixProduct p, int from, int to)
    {
        var panels = (to - from + PanelWidth - 1) / PanelWidth;
        var body = new GridBody { Product = p, From = from, To = to };
        body.RowParts = (p.M + RowBlock - 1) / RowBlock;
        var wanted = Workers.PartsFor(2L * p.M * (to - from) * Math.Max(p.K, 1), Grain);
        body.ColumnParts = Math.Clamp((wanted + body.RowParts - 1) / body.RowParts, (panels + 15) / 16, panels);

        var packB = p.PackedB == null && !ReadsBInPlace(p);
        var packA = body.ColumnParts > 1 && p.K > 0;
        var aFloats = packA ? (long)p.M * p.K : 0;
        var bFloats = packB ? PackedBLength(p.K, to - from) : 0;
        if (aFloats + bFloats > 0)
        {
            var shared = ThreadScratch.Floats(ScratchPurpose.GemmShared, bFloats + aFloats);
            if (packB) body.Panels = shared;
            if (packA) body.Tiles = shared + bFloats;
            var parts = Workers.PartsFor(aFloats + bFloats, 16_384);
            Workers.Run(parts, new PackBody { Grid = body, Parts = parts, APanels = packA ? (p.M + RowBlock - 1) / RowBlock : 0, BPanels = packB ? panels : 0 });
        }
        if (packB) body.Panels -= (nint)from * p.K;
        else body.Panels = p.PackedB;
        Workers.Run(body.RowParts * body.ColumnParts, body);
    }

    /// <summary>Blocks of C: so many runs of rows by so many runs of panels.</summary>
    private struct GridBody : IParallelBody
    {
        public MatrixProduct Product;
        public int From, To, RowParts, ColumnParts;
        public float* Panels, Tiles;

        public readonly void Run(int part)
        {
            var (row, column) = Math.DivRem(part, ColumnParts);
            var (i, iEnd) = Rows(row);
            var (panel, panelEnd) = Workers.Range((To - From + PanelWidth - 1) / PanelWidth, ColumnParts, column);
            Block(Product, Tiles, Panels, i, iEnd, From + panel * PanelWidth, Math.Min(From + panelEnd * PanelWidth, To));
        }

        /// <summary>Rows of a block: whole tiles but for the last of the last block.</summary>
        public readonly (int From, int To) Rows(int part)
        {
            var (from, to) = Workers.Range((Product.M + TileRows - 1) / TileRows, RowParts, part);
            return (from * TileRows, Math.Min(to * TileRows, Product.M));
        }
    }

    private struct PackBody : IParallelBody
    {
        public GridBody Grid;
        public int Parts, APanels, BPanels;

        public readonly void Run(int part)
        {
            ref readonly var p = ref Grid.Product;
            var (from, to) = Workers.Range(BPanels, Parts, part);
            if (from < to)
                PackPanels(p.B, p.BRow, p.BCol, p.K, Grid.From + from * PanelWidth, Math.Min(Grid.From + to * PanelWidth, Grid.To),
                    Grid.Panels + (nint)from * PanelWidth * p.K);
            if (APanels == 0) return;
            (from, to) = Workers.Range((p.M + TileRows - 1) / TileRows, Parts, part);
            for (var tile = from; tile < to; tile++)
            {
                var i = tile * TileRows;
                PackRows(p, i, Math.Min(i + TileRows, p.M), 0, p.K, Grid.Tiles + (nint)i * p.K);
            }
        }
    }

    private static void PackRows(in MatrixProduct p, int from, int to, int k, int depth, float* target) =>
        Pack(p.A + from * p.ARow + k * p.ACol, p.ARow, p.ACol, to - from, depth, target, to - from);

    /// <summary>Rows of B are read where they are when it is small or used by few tiles: packing would not pay.</summary>
    private static bool ReadsBInPlace(in MatrixProduct p) =>
        p.BCol == 1 && p.BRow != 0 && (p.M <= 8 * TileRows || (long)p.K * p.N <= 16_384);

    /// <summary>
    /// One block of C. <paramref name="tiles"/> is A in packed tiles or null; <paramref name="panels"/> is B in panels,
    /// addressed from column 0, or null to read B in place.
    /// </summary>
    [SkipLocalsInit]
    private static void Block(in MatrixProduct p, float* tiles, float* panels, int i, int iEnd, int j, int jEnd)
    {
        var depthBlocks = Math.Max((p.K + DepthBlock - 1) / DepthBlock, 1);
        var depth = Math.Max((p.K + depthBlocks - 1) / depthBlocks, 1);
        var packA = tiles == null && (jEnd - j > 3 * PanelWidth);
        var ownTiles = packA ? ThreadScratch.Floats(ScratchPurpose.GemmLeft, (long)(iEnd - i) * depth) : null;
        var sums = stackalloc float[TileRows * PanelWidth];
        var tile = new GemmTile { CRow = p.CRow, Alpha = p.Alpha, Sums = sums };

        for (var k = 0; k == 0 || k < p.K; k += depth)
        {
            tile.K = Math.Min(depth, p.K - k);
            tile.Beta = k == 0 ? p.Beta : 1;
            var last = k + tile.K == p.K;
            if (packA)
                for (int row = i, rows; row < iEnd; row += rows)
                    PackRows(p, row, row + (rows = NextRows(iEnd - row)), k, tile.K, ownTiles + (nint)(row - i) * tile.K);

            for (var column = j; column < jEnd; column += PanelWidth)
            {
                tile.Columns = Math.Min(PanelWidth, jEnd - column);
                tile.Bias = last && p.Bias != null ? p.Bias + column : null;
                SetPanel(ref tile, p, panels, column, k);
                for (int row = i, rows; row < iEnd; row += rows)
                {
                    rows = NextRows(iEnd - row);
                    if (packA) (tile.ARow, tile.ACol) = (1, rows);
                    else if (tiles != null) (tile.ARow, tile.ACol) = (1, rows);
                    else (tile.ARow, tile.ACol) = (p.ARow, p.ACol);
                    tile.A = packA ? ownTiles + (nint)(row - i) * tile.K
                        : tiles != null ? tiles + (nint)row * p.K + (nint)k * rows
                        : p.A + row * p.ARow + k * p.ACol;
                    tile.C = p.C + row * p.CRow + column;
                    RunTile(rows, tile);
                }
            }
        }
        if (p.Activation != GemmActivation.None)
        {
            var function = p.Activation == GemmActivation.Relu ? UnaryFunction.Relu : UnaryFunction.Gelu;
            for (var row = i; row < iEnd; row++)
            {
                var c = p.C + row * p.CRow + j;
                Elementwise.Unary(function, c, c, jEnd - j);
            }
        }
    }

    private static void SetPanel(ref GemmTile tile, in MatrixProduct p, float* panels, int column, int k)
    {
        if (panels != null)
        {
            tile.B = panels + (nint)column * p.K + (nint)k * PanelWidth;
            tile.BRow = PanelWidth;
        }
        else if (tile.Columns == PanelWidth)
        {
            tile.B = p.B + k * p.BRow + column;
            tile.BRow = p.BRow;
        }
        else
        {
            tile.B = ThreadScratch.Floats(ScratchPurpose.GemmTail, (long)tile.K * PanelWidth);
            tile.BRow = PanelWidth;
            Pack(p.B + k * p.BRow + column, 1, p.BRow, tile.Columns, tile.K, tile.B, PanelWidth);
        }
    }

    /// <summary>Height of the next tile: as high as can be.</summary>
    private static int NextRows(int left) => Math.Min(left, TileRows);
}
