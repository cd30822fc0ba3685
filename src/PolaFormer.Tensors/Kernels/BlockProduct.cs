using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// C = A·B or C += A·B for operands that lie in the nearest caches, unpacked, on the calling thread: the products of a
/// block of tokens with a d × d state, for which packing would cost as much as multiplying.
/// </summary>
/// <remarks>
/// A(i,l) = a[i·aRow + l·aColumn] is broadcast, so A may be transposed; rows of B and C are read and written in whole
/// vectors, so <c>columns</c> is a multiple of the vector width. Each element is summed over l in rising order.
/// </remarks>
internal static unsafe class BlockProduct<T> where T : unmanaged, IFloat32Vector<T>
{
    private const int TileRows = 6;

    /// <summary>Whether 24 accumulators fit beside their operands (32 vector registers).</summary>
    private static bool WideTile => typeof(T) == typeof(Float32x16) || Avx512F.VL.IsSupported || AdvSimd.IsSupported;

    /// <summary>C (rows × columns) = A (rows × depth) · B (depth × columns), added to C if <paramref name="accumulate"/>.</summary>
    public static void Run(
        int rows, int columns, int depth,
        float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, bool accumulate)
    {
        var column = 0;
        if (WideTile)
        {
            for (; column + 4 * T.Count <= columns; column += 4 * T.Count)
            {
                for (var row = 0; row < rows; row += TileRows)
                    Tile4(rows - row, depth, a + row * aRow, aRow, aColumn, b + column, bRow, c + row * cRow + column, cRow, accumulate);
            }
        }
        for (; column + 2 * T.Count <= columns; column += 2 * T.Count)
        {
            for (var row = 0; row < rows; row += TileRows)
                Tile2(rows - row, depth, a + row * aRow, aRow, aColumn, b + column, bRow, c + row * cRow + column, cRow, accumulate);
        }
        for (; column < columns; column += T.Count)
        {
            for (var row = 0; row < rows; row += TileRows)
                Tile1(rows - row, depth, a + row * aRow, aRow, aColumn, b + column, bRow, c + row * cRow + column, cRow, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4(
        int rows, int depth, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, bool accumulate)
    {
        // Rows past the end repeat the first and are not stored.
        float* a0 = a, a1 = rows > 1 ? a + aRow : a, a2 = rows > 2 ? a + 2 * aRow : a;
        float* a3 = rows > 3 ? a + 3 * aRow : a, a4 = rows > 4 ? a + 4 * aRow : a, a5 = rows > 5 ? a + 5 * aRow : a;
        T c00 = T.Zero, c01 = T.Zero, c02 = T.Zero, c03 = T.Zero;
        T c10 = T.Zero, c11 = T.Zero, c12 = T.Zero, c13 = T.Zero;
        T c20 = T.Zero, c21 = T.Zero, c22 = T.Zero, c23 = T.Zero;
        T c30 = T.Zero, c31 = T.Zero, c32 = T.Zero, c33 = T.Zero;
        T c40 = T.Zero, c41 = T.Zero, c42 = T.Zero, c43 = T.Zero;
        T c50 = T.Zero, c51 = T.Zero, c52 = T.Zero, c53 = T.Zero;
        nint at = 0;
        for (var l = 0; l < depth; l++)
        {
            var b0 = T.Load(b);
            var b1 = T.Load(b + T.Count);
            var b2 = T.Load(b + 2 * T.Count);
            var b3 = T.Load(b + 3 * T.Count);
            var x0 = T.Create(a0[at]);
            c00 = T.MultiplyAdd(x0, b0, c00);
            c01 = T.MultiplyAdd(x0, b1, c01);
            c02 = T.MultiplyAdd(x0, b2, c02);
            c03 = T.MultiplyAdd(x0, b3, c03);
            var x1 = T.Create(a1[at]);
            c10 = T.MultiplyAdd(x1, b0, c10);
            c11 = T.MultiplyAdd(x1, b1, c11);
            c12 = T.MultiplyAdd(x1, b2, c12);
            c13 = T.MultiplyAdd(x1, b3, c13);
            var x2 = T.Create(a2[at]);
            c20 = T.MultiplyAdd(x2, b0, c20);
            c21 = T.MultiplyAdd(x2, b1, c21);
            c22 = T.MultiplyAdd(x2, b2, c22);
            c23 = T.MultiplyAdd(x2, b3, c23);
            var x3 = T.Create(a3[at]);
            c30 = T.MultiplyAdd(x3, b0, c30);
            c31 = T.MultiplyAdd(x3, b1, c31);
            c32 = T.MultiplyAdd(x3, b2, c32);
            c33 = T.MultiplyAdd(x3, b3, c33);
            var x4 = T.Create(a4[at]);
            c40 = T.MultiplyAdd(x4, b0, c40);
            c41 = T.MultiplyAdd(x4, b1, c41);
            c42 = T.MultiplyAdd(x4, b2, c42);
            c43 = T.MultiplyAdd(x4, b3, c43);
            var x5 = T.Create(a5[at]);
            c50 = T.MultiplyAdd(x5, b0, c50);
            c51 = T.MultiplyAdd(x5, b1, c51);
            c52 = T.MultiplyAdd(x5, b2, c52);
            c53 = T.MultiplyAdd(x5, b3, c53);
            b += bRow;
            at += aColumn;
        }
        Put(c, accumulate, c00, c01, c02, c03);
        if (rows > 1) Put(c + cRow, accumulate, c10, c11, c12, c13);
        if (rows > 2) Put(c + 2 * cRow, accumulate, c20, c21, c22, c23);
        if (rows > 3) Put(c + 3 * cRow, accumulate, c30, c31, c32, c33);
        if (rows > 4) Put(c + 4 * cRow, accumulate, c40, c41, c42, c43);
        if (rows > 5) Put(c + 5 * cRow, accumulate, c50, c51, c52, c53);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2(
        int rows, int depth, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, bool accumulate)
    {
        // Rows past the end repeat the first and are not stored.
        float* a0 = a, a1 = rows > 1 ? a + aRow : a, a2 = rows > 2 ? a + 2 * aRow : a;
        float* a3 = rows > 3 ? a + 3 * aRow : a, a4 = rows > 4 ? a + 4 * aRow : a, a5 = rows > 5 ? a + 5 * aRow : a;
        T c00 = T.Zero, c01 = T.Zero;
        T c10 = T.Zero, c11 = T.Zero;
        T c20 = T.Zero, c21 = T.Zero;
        T c30 = T.Zero, c31 = T.Zero;
        T c40 = T.Zero, c41 = T.Zero;
        T c50 = T.Zero, c51 = T.Zero;
        nint at = 0;
        for (var l = 0; l < depth; l++)
        {
            var b0 = T.Load(b);
            var b1 = T.Load(b + T.Count);
            var x0 = T.Create(a0[at]);
            c00 = T.MultiplyAdd(x0, b0, c00);
            c01 = T.MultiplyAdd(x0, b1, c01);
            var x1 = T.Create(a1[at]);
            c10 = T.MultiplyAdd(x1, b0, c10);
            c11 = T.MultiplyAdd(x1, b1, c11);
            var x2 = T.Create(a2[at]);
            c20 = T.MultiplyAdd(x2, b0, c20);
            c21 = T.MultiplyAdd(x2, b1, c21);
            var x3 = T.Create(a3[at]);
            c30 = T.MultiplyAdd(x3, b0, c30);
            c31 = T.MultiplyAdd(x3, b1, c31);
            var x4 = T.Create(a4[at]);
            c40 = T.MultiplyAdd(x4, b0, c40);
            c41 = T.MultiplyAdd(x4, b1, c41);
            var x5 = T.Create(a5[at]);
            c50 = T.MultiplyAdd(x5, b0, c50);
            c51 = T.MultiplyAdd(x5, b1, c51);
            b += bRow;
            at += aColumn;
        }
        Put(c, accumulate, c00, c01);
        if (rows > 1) Put(c + cRow, accumulate, c10, c11);
        if (rows > 2) Put(c + 2 * cRow, accumulate, c20, c21);
        if (rows > 3) Put(c + 3 * cRow, accumulate, c30, c31);
        if (rows > 4) Put(c + 4 * cRow, accumulate, c40, c41);
        if (rows > 5) Put(c + 5 * cRow, accumulate, c50, c51);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(
        int rows, int depth, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, bool accumulate)
    {
        // Rows past the end repeat the first and are not stored.
        float* a0 = a, a1 = rows > 1 ? a + aRow : a, a2 = rows > 2 ? a + 2 * aRow : a;
        float* a3 = rows > 3 ? a + 3 * aRow : a, a4 = rows > 4 ? a + 4 * aRow : a, a5 = rows > 5 ? a + 5 * aRow : a;
        T c00 = T.Zero;
        T c10 = T.Zero;
        T c20 = T.Zero;
        T c30 = T.Zero;
        T c40 = T.Zero;
        T c50 = T.Zero;
        nint at = 0;
        for (var l = 0; l < depth; l++)
        {
            var b0 = T.Load(b);
            var x0 = T.Create(a0[at]);
            c00 = T.MultiplyAdd(x0, b0, c00);
            var x1 = T.Create(a1[at]);
            c10 = T.MultiplyAdd(x1, b0, c10);
            var x2 = T.Create(a2[at]);
            c20 = T.MultiplyAdd(x2, b0, c20);
            var x3 = T.Create(a3[at]);
            c30 = T.MultiplyAdd(x3, b0, c30);
            var x4 = T.Create(a4[at]);
            c40 = T.MultiplyAdd(x4, b0, c40);
            var x5 = T.Create(a5[at]);
            c50 = T.MultiplyAdd(x5, b0, c50);
            b += bRow;
            at += aColumn;
        }
        Put(c, accumulate, c00);
        if (rows > 1) Put(c + cRow, accumulate, c10);
        if (rows > 2) Put(c + 2 * cRow, accumulate, c20);
        if (rows > 3) Put(c + 3 * cRow, accumulate, c30);
        if (rows > 4) Put(c + 4 * cRow, accumulate, c40);
        if (rows > 5) Put(c + 5 * cRow, accumulate, c50);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, bool accumulate, T v0, T v1, T v2, T v3)
    {
        Put(c, accumulate, v0, v1);
        Put(c + 2 * T.Count, accumulate, v2, v3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, bool accumulate, T v0, T v1)
    {
        Put(c, accumulate, v0);
        Put(c + T.Count, accumulate, v1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, bool accumulate, T v0)
    {
        T.Store(accumulate ? (T.Load(c) + v0) : v0, c);
    }
}
