using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Benchmarks;

/// <summary>Linear layers of the models: rows × weights (n, k), the weights transposed as they are stored.</summary>
public unsafe class GemmBenchmarks
{
    /// <summary>Rows, columns and depth.</summary>
    [Params("3136x64x64", "784x1024x128", "196x1280x320", "49x2048x512", "49x512x2048", "2048x2048x2048")]
    public string Size { get; set; } = "";

    /// <summary>Threads.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    private MatrixProduct _product;

    /// <summary>Takes memory and fills it.</summary>
    [GlobalSetup]
    public void Setup()
    {
        Workers.ThreadCount = Threads;
        int[] size = Size.Split('x').Select(int.Parse).ToArray();
        _product = GemmCase.Linear(size[0], size[1], size[2]);
    }

    /// <summary>Gives memory back.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        NativeMemory.AlignedFree(_product.A);
        NativeMemory.AlignedFree(_product.B);
        NativeMemory.AlignedFree(_product.C);
    }

    /// <summary>y = x·Wᵀ.</summary>
    [Benchmark]
    public void Linear() => Gemm.Run(_product);
}
