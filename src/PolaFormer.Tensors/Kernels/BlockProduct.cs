using System.Runtime.Intrinsics;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// C = A·B or C += A·B for operands that lie in the nearest caches, on the calling thread: the products of a block of tokens
/// with a d × d state.
/// </summary>
/// <remarks>
/// A(i,l) = a[i·aRow + l·aColumn] is broadcast, so A may be transposed; rows of B and C are read and written in whole
/// vectors, so <c>columns</c> is a multiple of the vector width. Each element is summed over l in rising order.
/// </remarks>
internal static unsafe class BlockProduct<T> where T : unmanaged, IFloat32Vector<T>
{
    /// <summary>C (rows × columns) = A (rows × depth) · B (depth × columns), added to C if <paramref name="accumulate"/>.</summary>
    public static void Run(
        int rows, int columns, int depth,
        float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, bool accumulate)
    {
        int most = typeof(T) == typeof(Float32x16) ? Avx512Lanes.Rows : typeof(T) == typeof(Float32x8) ? Avx2Lanes.Rows : Vector128Lanes.Rows;
        // Tiles of equal height: a last one of few rows would wait for its own sums.
        int tiles = (rows + most - 1) / most;
        for (int column = 0; column < columns; column += 2 * T.Count)
        {
            int vectors = Math.Min(2, (columns - column) / T.Count);
            for (int tile = 0; tile < tiles; tile++)
            {
                (int from, int to) = Workers.Range(rows, tiles, tile);
                float* aTile = a + (from * aRow), bTile = b + column, cTile = c + (from * cRow) + column;
                if (typeof(T) == typeof(Float32x16))
                    BlockTile<Avx512Lanes, Vector512<float>>.Run(to - from, vectors, depth, aTile, aRow, aColumn, bTile, bRow, cTile, cRow, accumulate);
                else if (typeof(T) == typeof(Float32x8))
                    BlockTile<Avx2Lanes, Vector256<float>>.Run(to - from, vectors, depth, aTile, aRow, aColumn, bTile, bRow, cTile, cRow, accumulate);
                else
                    BlockTile<Vector128Lanes, Vector128<float>>.Run(to - from, vectors, depth, aTile, aRow, aColumn, bTile, bRow, cTile, cRow, accumulate);
            }
        }
    }
}
