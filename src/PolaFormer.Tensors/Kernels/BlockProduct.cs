using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// C = A·B or C += A·B for operands that lie in the nearest caches, unpacked, on the calling thread: the products of a
/// block of tokens with a d × d state, for which packing would cost as much as multiplying.
/// </summary>
/// <remarks>
/// A(i,l) = a[i·aRow + l·aColumn] is broadcast, so A may be transposed; rows of B and C are read and written in whole
/// vectors, so <c>columns</c> is a multiple of the vector width. Each element is summed over l in rising order.
/// </remarks>
internal static unsafe class BlockProduct<TVector, TLanes> where TVector : struct where TLanes : ILanes<TVector>
{
    private const int TileRows = 6;

    /// <summary>C (rows × columns) = A (rows × depth) · B (depth × columns), added to C if <paramref name="accumulate"/>.</summary>
    public static void Run(
        int rows, int columns, int depth,
        float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, bool accumulate)
    {
        var column = 0;
        if (TLanes.WideTile)
        {
            for (; column + 4 * TLanes.Count <= columns; column += 4 * TLanes.Count)
            {
                for (var row = 0; row < rows; row += TileRows)
                    Tile4(rows - row, depth, a + row * aRow, aRow, aColumn, b + column, bRow, c + row * cRow + column, cRow, accumulate);
            }
        }
        for (; column + 2 * TLanes.Count <= columns; column += 2 * TLanes.Count)
        {
            for (var row = 0; row < rows; row += TileRows)
                Tile2(rows - row, depth, a + row * aRow, aRow, aColumn, b + column, bRow, c + row * cRow + column, cRow, accumulate);
        }
        for (; column < columns; column += TLanes.Count)
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
        TVector c00 = TLanes.Zero, c01 = TLanes.Zero, c02 = TLanes.Zero, c03 = TLanes.Zero;
        TVector c10 = TLanes.Zero, c11 = TLanes.Zero, c12 = TLanes.Zero, c13 = TLanes.Zero;
        TVector c20 = TLanes.Zero, c21 = TLanes.Zero, c22 = TLanes.Zero, c23 = TLanes.Zero;
        TVector c30 = TLanes.Zero, c31 = TLanes.Zero, c32 = TLanes.Zero, c33 = TLanes.Zero;
        TVector c40 = TLanes.Zero, c41 = TLanes.Zero, c42 = TLanes.Zero, c43 = TLanes.Zero;
        TVector c50 = TLanes.Zero, c51 = TLanes.Zero, c52 = TLanes.Zero, c53 = TLanes.Zero;
        nint at = 0;
        for (var l = 0; l < depth; l++)
        {
            var b0 = TLanes.Load(b);
            var b1 = TLanes.Load(b + TLanes.Count);
            var b2 = TLanes.Load(b + 2 * TLanes.Count);
            var b3 = TLanes.Load(b + 3 * TLanes.Count);
            var x0 = TLanes.Broadcast(a0[at]);
            c00 = TLanes.MultiplyAdd(x0, b0, c00);
            c01 = TLanes.MultiplyAdd(x0, b1, c01);
            c02 = TLanes.MultiplyAdd(x0, b2, c02);
            c03 = TLanes.MultiplyAdd(x0, b3, c03);
            var x1 = TLanes.Broadcast(a1[at]);
            c10 = TLanes.MultiplyAdd(x1, b0, c10);
            c11 = TLanes.MultiplyAdd(x1, b1, c11);
            c12 = TLanes.MultiplyAdd(x1, b2, c12);
            c13 = TLanes.MultiplyAdd(x1, b3, c13);
            var x2 = TLanes.Broadcast(a2[at]);
            c20 = TLanes.MultiplyAdd(x2, b0, c20);
            c21 = TLanes.MultiplyAdd(x2, b1, c21);
            c22 = TLanes.MultiplyAdd(x2, b2, c22);
            c23 = TLanes.MultiplyAdd(x2, b3, c23);
            var x3 = TLanes.Broadcast(a3[at]);
            c30 = TLanes.MultiplyAdd(x3, b0, c30);
            c31 = TLanes.MultiplyAdd(x3, b1, c31);
            c32 = TLanes.MultiplyAdd(x3, b2, c32);
            c33 = TLanes.MultiplyAdd(x3, b3, c33);
            var x4 = TLanes.Broadcast(a4[at]);
            c40 = TLanes.MultiplyAdd(x4, b0, c40);
            c41 = TLanes.MultiplyAdd(x4, b1, c41);
            c42 = TLanes.MultiplyAdd(x4, b2, c42);
            c43 = TLanes.MultiplyAdd(x4, b3, c43);
            var x5 = TLanes.Broadcast(a5[at]);
            c50 = TLanes.MultiplyAdd(x5, b0, c50);
            c51 = TLanes.MultiplyAdd(x5, b1, c51);
            c52 = TLanes.MultiplyAdd(x5, b2, c52);
            c53 = TLanes.MultiplyAdd(x5, b3, c53);
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
        TVector c00 = TLanes.Zero, c01 = TLanes.Zero;
        TVector c10 = TLanes.Zero, c11 = TLanes.Zero;
        TVector c20 = TLanes.Zero, c21 = TLanes.Zero;
        TVector c30 = TLanes.Zero, c31 = TLanes.Zero;
        TVector c40 = TLanes.Zero, c41 = TLanes.Zero;
        TVector c50 = TLanes.Zero, c51 = TLanes.Zero;
        nint at = 0;
        for (var l = 0; l < depth; l++)
        {
            var b0 = TLanes.Load(b);
            var b1 = TLanes.Load(b + TLanes.Count);
            var x0 = TLanes.Broadcast(a0[at]);
            c00 = TLanes.MultiplyAdd(x0, b0, c00);
            c01 = TLanes.MultiplyAdd(x0, b1, c01);
            var x1 = TLanes.Broadcast(a1[at]);
            c10 = TLanes.MultiplyAdd(x1, b0, c10);
            c11 = TLanes.MultiplyAdd(x1, b1, c11);
            var x2 = TLanes.Broadcast(a2[at]);
            c20 = TLanes.MultiplyAdd(x2, b0, c20);
            c21 = TLanes.MultiplyAdd(x2, b1, c21);
            var x3 = TLanes.Broadcast(a3[at]);
            c30 = TLanes.MultiplyAdd(x3, b0, c30);
            c31 = TLanes.MultiplyAdd(x3, b1, c31);
            var x4 = TLanes.Broadcast(a4[at]);
            c40 = TLanes.MultiplyAdd(x4, b0, c40);
            c41 = TLanes.MultiplyAdd(x4, b1, c41);
            var x5 = TLanes.Broadcast(a5[at]);
            c50 = TLanes.MultiplyAdd(x5, b0, c50);
            c51 = TLanes.MultiplyAdd(x5, b1, c51);
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
        TVector c00 = TLanes.Zero;
        TVector c10 = TLanes.Zero;
        TVector c20 = TLanes.Zero;
        TVector c30 = TLanes.Zero;
        TVector c40 = TLanes.Zero;
        TVector c50 = TLanes.Zero;
        nint at = 0;
        for (var l = 0; l < depth; l++)
        {
            var b0 = TLanes.Load(b);
            var x0 = TLanes.Broadcast(a0[at]);
            c00 = TLanes.MultiplyAdd(x0, b0, c00);
            var x1 = TLanes.Broadcast(a1[at]);
            c10 = TLanes.MultiplyAdd(x1, b0, c10);
            var x2 = TLanes.Broadcast(a2[at]);
            c20 = TLanes.MultiplyAdd(x2, b0, c20);
            var x3 = TLanes.Broadcast(a3[at]);
            c30 = TLanes.MultiplyAdd(x3, b0, c30);
            var x4 = TLanes.Broadcast(a4[at]);
            c40 = TLanes.MultiplyAdd(x4, b0, c40);
            var x5 = TLanes.Broadcast(a5[at]);
            c50 = TLanes.MultiplyAdd(x5, b0, c50);
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
    private static void Put(float* c, bool accumulate, TVector v0, TVector v1, TVector v2, TVector v3)
    {
        Put(c, accumulate, v0, v1);
        Put(c + 2 * TLanes.Count, accumulate, v2, v3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, bool accumulate, TVector v0, TVector v1)
    {
        Put(c, accumulate, v0);
        Put(c + TLanes.Count, accumulate, v1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, bool accumulate, TVector v0)
    {
        TLanes.Store(accumulate ? TLanes.Add(TLanes.Load(c), v0) : v0, c);
    }
}
