using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

// Products that sum over many rows, such as the gradients of weights. Their operands lie the wrong way for a tile of A:
// both are laid out again a few rows at a time, read straight on as they lie in memory.
internal static unsafe partial class Gemm
{
    /// <summary>Rows laid out at a time, and columns of A and of B that a task multiplies: 512 KiB of the second cache.</summary>
    private const int CorrelationRows = 256, CorrelationSide = 256;

    /// <summary>Rows from which on a product AᵀB of matrices as they lie is better laid out here.</summary>
    public const int CorrelatedRows = 2 * CorrelationRows;

    /// <summary>Number of tasks, and floats that their partial sums may take: 16 MiB.</summary>
    private const int CorrelationTasks = 16, PartialFloats = 1 << 22;

    /// <summary>
    /// C = AᵀB (+ C) for A (rows, m) and B (rows, n), C contiguous; and with <paramref name="sums"/> (m) the columns of A summed
    /// (+ sums). Long products are cut into fixed shares of the rows, whose sums are added in their order.
    /// </summary>
    public static void Correlate(float* a, nint aRow, int m, float* b, nint bRow, int n, int rows, float* c, float* sums, bool accumulate)
    {
        if (m <= 0)
            return;
        (int aParts, int bParts) = ((m + CorrelationSide - 1) / CorrelationSide, Math.Max((n + CorrelationSide - 1) / CorrelationSide, 1));
        nint size = ((nint)m * n) + m;
        int shares = (int)Math.Clamp(Math.Min(PartialFloats / size, CorrelationTasks / (aParts * bParts)), 1, Math.Max(rows / CorrelationRows, 1));
        var body = new CorrelationBody
        {
            A = a,
            ARow = aRow,
            M = m,
            B = b,
            BRow = bRow,
            N = n,
            Rows = rows,
            C = c,
            Sums = sums,
            Accumulate = accumulate,
            AParts = aParts,
            BParts = bParts,
            Shares = shares,
        };
        if (shares > 1)
        {
            body.C = ThreadScratch.Floats(ScratchPurpose.GemmShared, shares * size);
            body.Sums = sums == null ? null : body.C + ((nint)m * n);
            body.ShareStep = size;
            body.Accumulate = false;
        }
        Workers.Run(aParts * bParts * shares, body);
        if (shares == 1)
            return;
        Reduction.SumParts(body.C, shares, size, c, (long)m * n, accumulate);
        if (sums != null)
            Reduction.SumParts(body.Sums, shares, size, sums, m, accumulate);
    }

    /// <summary>Blocks of C in each share of the rows.</summary>
    private struct CorrelationBody : IParallelBody
    {
        public float* A, B, C, Sums;
        public nint ARow, BRow, ShareStep;
        public int M, N, Rows, AParts, BParts, Shares;
        public bool Accumulate;

        public readonly void Run(int part)
        {
            (int share, int block) = Math.DivRem(part, AParts * BParts);
            (int row, int column) = Math.DivRem(block, BParts);
            (int from, int to) = Workers.Range(Rows, Shares, share);
            (int i, int iEnd) = Workers.Range(M, AParts, row);
            (int j, int jEnd) = Workers.Range(N, BParts, column);
            float* sums = column == 0 && Sums != null ? Sums + (share * ShareStep) + i : null;
            CorrelateSerial(A + (from * ARow) + i, ARow, iEnd - i, B + (from * BRow) + j, BRow, jEnd - j, to - from, C + (share * ShareStep) + ((nint)i * N) + j, N, sums, Accumulate);
        }
    }

    /// <summary>The same on the calling thread, rows of C <paramref name="cRow"/> apart.</summary>
    [SkipLocalsInit]
    public static void CorrelateSerial(float* a, nint aRow, int m, float* b, nint bRow, int n, int rows, float* c, nint cRow, float* sums, bool accumulate)
    {
        float* room = stackalloc float[TileRows * PanelWidth];
        int blocks = Math.Max((rows + CorrelationRows - 1) / CorrelationRows, 1);
        int depth = RoundUp((rows + blocks - 1) / blocks, 2);
        float* left = ThreadScratch.Floats(ScratchPurpose.GemmLeft, (m + TileRows - 1) / TileRows * StripLength(TileRows, depth));
        float* right = ThreadScratch.Floats(ScratchPurpose.GemmRight, (n + PanelWidth - 1) / PanelWidth * StripLength(PanelWidth, depth));
        var tile = new GemmTile { CRow = cRow, Alpha = 1, Sums = room, IsPacked = true, ARow = 1, Segments = 1 };
        for (int block = 0; block < blocks; block++, accumulate = true)
        {
            (int from, int to) = Workers.Range(rows, blocks, block);
            if (sums != null)
                SumColumns(a + (from * aRow), aRow, m, to - from, left, sums, accumulate);
            tile.K = RoundUp(to - from, 2);
            bool inPlace = m <= 4 * TileRows && n % (PanelWidth / 2) == 0 && tile.K == to - from;
            tile.BRow = inPlace ? bRow : PanelWidth;
            PackStrips(a + (from * aRow), aRow, m, to - from, left, TileRows, false);
            if (!inPlace)
                PackStrips(b + (from * bRow), bRow, n, to - from, right, PanelWidth, true);
            for (int i = 0; i < m; i += TileRows)
            {
                tile.A = left + (i / TileRows * StripLength(TileRows, tile.K));
                for (int j = 0; j < n; j += PanelWidth)
                {
                    tile.B = inPlace ? b + (from * bRow) + j : right + (j / PanelWidth * StripLength(PanelWidth, tile.K));
                    tile.Columns = Math.Min(PanelWidth, n - j);
                    tile.C = c + (i * cRow) + j;
                    tile.Addend = accumulate ? tile.C : null;
                    RunTile(Math.Min(TileRows, m - i), tile);
                }
            }
        }
    }

    /// <summary>The columns of some rows summed (+ sums), by way of <paramref name="room"/>.</summary>
    private static void SumColumns(float* source, nint stride, int columns, int rows, float* room, float* sums, bool accumulate)
    {
        float* target = accumulate ? room : sums;
        if (VectorWidth.Is512)
            Reduction.ColumnSum<Float32x16>(source, rows, columns, stride, target, 1);
        else if (VectorWidth.Is256)
            Reduction.ColumnSum<Float32x8>(source, rows, columns, stride, target, 1);
        else
            Reduction.ColumnSum<Float32x4>(source, rows, columns, stride, target, 1);
        if (!accumulate)
            return;
        for (int i = 0; i < columns; i++)
            sums[i] += room[i];
    }

    /// <summary>Floats of a strip; a vector more than its own, since it is written in whole vectors.</summary>
    private static nint StripLength(int width, int rows) => ((nint)width * rows) + 16;

    /// <summary>
    /// Cuts rows into strips of columns, each with its rows one after the other and, where they are odd, one of zeros more.
    /// The last strip is as wide as what is left, or filled up with zeros if <paramref name="pads"/>.
    /// </summary>
    private static void PackStrips(float* source, nint stride, int columns, int rows, float* target, int width, bool pads)
    {
        if (VectorWidth.Is512)
            PackStrips<Float32x16>(source, stride, columns, rows, target, width, pads);
        else if (VectorWidth.Is256)
            PackStrips<Float32x8>(source, stride, columns, rows, target, width, pads);
        else
            PackStrips<Float32x4>(source, stride, columns, rows, target, width, pads);
    }

    private static void PackStrips<T>(float* source, nint stride, int columns, int rows, float* target, int width, bool pads) where T : unmanaged, IFloat32Vector<T>
    {
        nint length = StripLength(width, RoundUp(rows, 2));
        for (nint row = 0; row < RoundUp(rows, 2); row++, source += stride)
        {
            float* strip = target;
            for (int column = 0; column < columns; column += width, strip += length)
            {
                int step = pads ? width : Math.Min(width, columns - column);
                for (int i = 0; i < step; i += T.Count)
                {
                    int left = columns - column - i;
                    T value = row == rows || left <= 0 ? T.Zero : left < T.Count ? T.LoadPartial(source + column + i, left) : T.Load(source + column + i);
                    T.Store(value, strip + (row * step) + i);
                }
            }
        }
    }
}
