using System.Runtime.InteropServices;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Benchmarks;

/// <summary>Products over native memory filled with pseudo-random numbers.</summary>
internal static unsafe class GemmCase
{
    /// <summary>y (m, n) = x (m, k) · Wᵀ, W being (n, k).</summary>
    public static MatrixProduct Linear(int m, int n, int k) =>
        Plain(m, n, k) with { BRow = 1, BCol = k };

    /// <summary>The same with W packed beforehand.</summary>
    public static MatrixProduct Packed(int m, int n, int k)
    {
        var product = Linear(m, n, k);
        product.PackedB = (float*)NativeMemory.AlignedAlloc((nuint)Gemm.PackedBLength(k, n) * sizeof(float), 64);
        Gemm.PackB(product.B, product.BRow, product.BCol, k, n, product.PackedB);
        return product;
    }

    /// <summary>dx (m, k) = dy (m, n) · W, W being (n, k).</summary>
    public static MatrixProduct InputGradient(int m, int n, int k) => Plain(m, k, n);

    /// <summary>dW (n, k) = dyᵀ · x.</summary>
    public static MatrixProduct WeightGradient(int m, int n, int k) =>
        Plain(n, k, m) with { ARow = 1, ACol = n };

    /// <summary>Row-major matrices.</summary>
    public static MatrixProduct Plain(int m, int n, int k, int batch = 1)
    {
        var product = new MatrixProduct(m, n, k, Random((long)batch * m * k), Random((long)batch * k * n), Random((long)batch * m * n));
        product.OuterBatch = batch;
        product.AOuter = (nint)m * k;
        product.BOuter = (nint)k * n;
        product.COuter = (nint)m * n;
        return product;
    }

    private static float* Random(long count)
    {
        float* values = (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), 64);
        var random = new Random(1);
        for (long i = 0; i < count; i++)
            values[i] = random.NextSingle() - 0.5f;
        return values;
    }
}
