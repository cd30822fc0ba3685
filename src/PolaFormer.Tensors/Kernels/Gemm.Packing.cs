using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class Gemm
{
    /// <summary>
    /// Columns <see cref="From"/> to <see cref="To"/> of B in panels: k block by k block, in each the panels one after the
    /// other, so that a sweep over columns reads straight on; odd depths and the last panel are filled up with zeros.
    /// </summary>
    private readonly struct Panels(float* data, int from, int to)
    {
        /// <summary>Null where B is read in place.</summary>
        public readonly float* Base = data;
        public readonly int From = from, To = to;

        public int Count => (To - From + PanelWidth - 1) / PanelWidth;

        /// <summary>All of a product's B, as given.</summary>
        public static Panels Of(in MatrixProduct p) => new(p.PackedB, 0, p.N);

        /// <summary>The panel of a column in the k block that starts at <paramref name="k"/> and is so deep, filling up included.</summary>
        public float* At(int column, int k, int depth) => Base + ((nint)k * Count * PanelWidth) + ((nint)(column - From) * depth);
    }

    /// <summary>Floats that <see cref="PackB"/> writes for a K×N matrix on this machine.</summary>
    public static long PackedBLength(int k, int n) => (long)RoundUp(k, 2) * RoundUp(n, PanelWidth);

    /// <summary>
    /// Lays a K×N matrix out for <see cref="MatrixProduct.PackedB"/>, such as weights that many products share. The layout
    /// is this machine's own, and differs for products with another <see cref="MatrixProduct.ASegment"/>.
    /// </summary>
    public static void PackB(float* b, nint bRow, nint bCol, int k, int n, float* packed, int segment = 0) =>
        PackPanels(new MatrixProduct { K = k, B = b, BRow = bRow, BCol = bCol, ASegment = segment }, new Panels(packed, 0, n));

    /// <summary>Packs columns <paramref name="from"/> (a multiple of the panel width) to <paramref name="to"/>.</summary>
    private static void PackPanels(float* b, nint bRow, nint bCol, int k, in Panels panels, int from, int to, int segment)
    {
        int block = DepthOf(k, segment);
        for (int l = 0; l < k; l += block)
        {
            (int depth, int padded) = (Math.Min(block, k - l), RoundUp(Math.Min(block, k - l), 2));
            for (int j = from; j < to; j += PanelWidth)
            {
                float* target = panels.At(j, l, padded);
                Pack(b + (l * bRow) + (j * bCol), bCol, bRow, Math.Min(PanelWidth, to - j), depth, target, PanelWidth);
                if (depth < padded)
                    new Span<float>(target + ((nint)depth * PanelWidth), PanelWidth).Clear();
            }
        }
    }

    /// <summary>Packs a tile of A: <paramref name="rows"/> elements side by side, k after k, filled up to an even number.</summary>
    private static void PackTile(float* a, nint aRow, nint aCol, int rows, int depth, float* target)
    {
        Pack(a, aRow, aCol, rows, depth, target, rows);
        if (depth % 2 != 0)
            new Span<float>(target + ((nint)depth * rows), rows).Clear();
    }

    /// <summary>Copies rows of A to rows that do not evict one another, each followed by a zero for the case of an odd depth.</summary>
    private static void CopyRows(float* a, nint aRow, int rows, int depth, float* target, nint targetRow)
    {
        for (int row = 0; row < rows; row++, a += aRow, target += targetRow)
        {
            new Span<float>(a, depth).CopyTo(new Span<float>(target, depth));
            target[depth] = 0;
        }
    }

    /// <summary>
    /// Interleaves <paramref name="count"/> vectors of length k, <paramref name="across"/> apart and of stride
    /// <paramref name="along"/>: element l of vector i goes to target[l·width + i]; what is left of the width becomes 0.
    /// </summary>
    public static void Pack(float* source, nint across, nint along, int count, int k, float* target, int width)
    {
        if (across == 1)
            PackAdjacent(source, along, count, k, target, width);
        else if (along == 1)
            PackTransposed(source, across, count, k, target, width);
        else
            PackStrided(source, across, along, 0, count, 0, k, target, width);

        if (count < width)
            for (nint l = 0; l < k; l++)
                new Span<float>(target + (l * width) + count, width - count).Clear();
    }

    private static void PackStrided(
        float* source, nint across, nint along, int fromVector, int toVector, int from, int to, float* target, int width)
    {
        for (nint l = from; l < to; l++)
            for (nint i = fromVector; i < toVector; i++)
                target[(l * width) + i] = source[(i * across) + (l * along)];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackAdjacent(float* source, nint along, int count, int k, float* target, int width)
    {
        if (count < 4)
        {
            PackStrided(source, 1, along, 0, count, 0, k, target, width);
            return;
        }
        // The last four overlap those before where the count is no multiple of four.
        for (int l = 0; l < k; l++, source += along, target += width)
        {
            int i = 0;
            for (; i <= count - 16; i += 16)
            {
                (Vector256<float> v0, Vector256<float> v1) = (Vector256.Load(source + i), Vector256.Load(source + i + 8));
                v0.Store(target + i);
                v1.Store(target + i + 8);
            }
            for (; i <= count - 4; i += 4)
                Vector128.Load(source + i).Store(target + i);
            if (i < count)
                Vector128.Load(source + count - 4).Store(target + count - 4);
        }
    }

    // A line of the cache, 16 floats, is read from each row in turn, so that rows at an unlucky distance do not evict one another.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackTransposed(float* source, nint across, int count, int k, float* target, int width)
    {
        const int line = 16;
        (int squares, int depth) = (count & ~3, k & ~3);
        (nint across3, nint width2) = (3 * across, 2 * (nint)width);
        for (nint from = 0; from < depth; from += line)
        {
            nint to = Math.Min(from + line, depth);
            for (nint i = 0; i < squares; i += 4)
            {
                float* row = source + (i * across);
                float* packed = target + i + (from * width);
                for (nint l = from; l < to; l += 4)
                {
                    var v0 = Vector128.Load(row + l);
                    var v1 = Vector128.Load(row + l + across);
                    var v2 = Vector128.Load(row + l + (2 * across));
                    var v3 = Vector128.Load(row + l + across3);
                    (Vector128<float> low01, Vector128<float> high01) = (ZipLow(v0, v1), ZipHigh(v0, v1));
                    (Vector128<float> low23, Vector128<float> high23) = (ZipLow(v2, v3), ZipHigh(v2, v3));
                    LowerHalves(low01, low23).Store(packed);
                    UpperHalves(low01, low23).Store(packed + width);
                    packed += width2;
                    LowerHalves(high01, high23).Store(packed);
                    UpperHalves(high01, high23).Store(packed + width);
                    packed += width2;
                }
            }
        }
        PackStrided(source, across, 1, squares, count, 0, depth, target, width);
        PackStrided(source, across, 1, 0, count, depth, k, target, width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipLow(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
        : Vector128.Create(a[0], b[0], a[1], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipHigh(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
        : Vector128.Create(a[2], b[2], a[3], b[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> LowerHalves(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.MoveLowToHigh(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a.AsDouble(), b.AsDouble()).AsSingle()
        : Vector128.Create(a[0], a[1], b[0], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> UpperHalves(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.MoveHighToLow(b, a)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a.AsDouble(), b.AsDouble()).AsSingle()
        : Vector128.Create(a[2], a[3], b[2], b[3]);

    private static int RoundUp(int value, int multiple) => checked((value + multiple - 1) / multiple * multiple);
}
