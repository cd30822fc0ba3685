using System.Runtime.InteropServices;
using PolaFormer.Cuda.Core;

namespace PolaFormer.Cuda.Products;

/// <summary>Matrix products by a kernel of ours (product.cu), for where cuBLASLt is not installed.</summary>
internal static class ProductKernel
{
    private const int Tile = 64, TileK = 32, Threads = 128;

    /// <summary>Runs a product. <paramref name="bias"/> has a float a column, or is 0.</summary>
    public static void Run(IKernelQueue queue, in ProductShape shape, in MatrixOnDevice a, in MatrixOnDevice b, nint bias, in MatrixOnDevice y)
    {
        if (y.ColumnStride != 1)
            throw new ArgumentException("A product's result has contiguous rows.", nameof(y));
        int planes = shape.Type == StorageType.Float ? 3 : 1;
        long tiles = (long)((shape.M + Tile - 1) / Tile) * ((shape.N + Tile - 1) / Tile) * shape.Batch;
        int shared = planes * 2 * (Tile * (TileK + 8) + TileK * (Tile + 8));
        queue.Launch("product", $"product_{LaunchShape.Suffix(shape.Type)}", tiles, Threads, shared, new Arguments
        {
            A = a.Address,
            B = b.Address,
            Bias = bias,
            Y = y.Address,
            ARow = a.RowStride,
            AColumn = a.ColumnStride,
            ABatch = a.BatchStride,
            BRow = b.RowStride,
            BColumn = b.ColumnStride,
            BBatch = b.BatchStride,
            YRow = y.RowStride,
            YBatch = y.BatchStride,
            M = shape.M,
            N = shape.N,
            K = shape.K,
            Batch = shape.Batch,
            Scale = shape.Scale,
            Accumulate = shape.Accumulate ? 1 : 0,
            Activation = (int)shape.Activation,
        });
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint A, B, Bias, Y;
        public long ARow, AColumn, ABatch, BRow, BColumn, BBatch, YRow, YBatch;
        public int M, N, K, Batch;
        public float Scale;
        public int Accumulate, Activation;
    }
}
