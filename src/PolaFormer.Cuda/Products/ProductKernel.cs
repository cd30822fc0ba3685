using System.Runtime.InteropServices;
using PolaFormer.Cuda.Core;

namespace PolaFormer.Cuda.Products;

/// <summary>Matrix products by a kernel of ours (product.cu), for where cuBLASLt is not installed.</summary>
internal static class ProductKernel
{
    private const int Tile = 64, TileK = 32, Threads = 128, BlocksPerMultiprocessor = 3, LeastPerSplit = 256;

    /// <summary>Floats of workspace that <see cref="Run"/> needs.</summary>
    public static long Workspace(IKernelQueue queue, in ProductShape shape) =>
        Splits(queue, shape) is > 1 and int splits ? (long)splits * shape.Batch * shape.M * shape.N : 0;

    /// <summary>
    /// Runs a product. <paramref name="bias"/> has a float a column, or is 0; <paramref name="addend"/> is 0 where nothing is added,
    /// and may be y's address.
    /// </summary>
    public static void Run(
        IKernelQueue queue, in ProductShape shape, in MatrixOnDevice a, in MatrixOnDevice b, nint bias, nint addend, in MatrixOnDevice y, nint workspace)
    {
        if (y.ColumnStride != 1)
            throw new ArgumentException("A product's result has contiguous rows.", nameof(y));
        string suffix = shape.Type != shape.Result ? "bf16_to_float" : LaunchShape.Suffix(shape.Type);
        bool isMixed = shape.Type == StorageType.Float && shape.IsMixed;
        int planes = shape.Type == StorageType.Float && !isMixed ? 3 : 1, splits = Splits(queue, shape);
        int shared = planes * 2 * ((Tile * (TileK + 8)) + (TileK * (Tile + 8)));
        var arguments = new Arguments
        {
            A = a.Address,
            B = b.Address,
            Bias = bias,
            Addend = addend,
            Y = y.Address,
            Partial = workspace,
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
            Splits = splits,
            Scale = shape.Scale,
            Activation = (int)shape.Activation,
        };
        queue.Launch("product", isMixed ? "product_mixed" : $"product_{suffix}", Tiles(shape) * splits, Threads, shared, arguments);
        if (splits > 1)
        {
            long elements = (long)shape.Batch * shape.M * shape.N;
            queue.Launch("product", $"join_product_{LaunchShape.Suffix(shape.Result)}", LaunchShape.Filling(queue, elements), LaunchShape.Threads, 0, arguments);
        }
    }

    private static long Tiles(in ProductShape shape) =>
        (long)((shape.M + Tile - 1) / Tile) * ((shape.N + Tile - 1) / Tile) * shape.Batch;

    /// <summary>Parts of the sums over k, where there are too few tiles for the GPU.</summary>
    private static int Splits(IKernelQueue queue, in ProductShape shape)
    {
        long tiles = Math.Max(1, Tiles(shape));
        return (int)Math.Clamp((long)queue.Multiprocessors * BlocksPerMultiprocessor / tiles, 1, Math.Max(1, shape.K / LeastPerSplit));
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint A, B, Bias, Addend, Y, Partial;
        public long ARow, AColumn, ABatch, BRow, BColumn, BBatch, YRow, YBatch;
        public int M, N, K, Batch, Splits;
        public float Scale;
        public int Activation;
    }
}
