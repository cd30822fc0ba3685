using System.Diagnostics;
using System.Runtime.InteropServices;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Benchmarks;

/// <summary>A table of GFLOP/s over the models' shapes in seconds: the best of some short runs, one and all threads.</summary>
internal static unsafe class QuickGemm
{
    private static readonly (int N, int K)[] s_layers =
    [
        (64, 64), (128, 64), (512, 64), (64, 512), (128, 128), (1024, 128), (128, 1024), (320, 320), (1280, 320), (320, 1280),
        (512, 512), (2048, 512), (512, 2048), (96, 96), (384, 96), (96, 384), (192, 192), (768, 192), (384, 384), (1536, 384),
        (384, 1536), (768, 768), (3072, 768), (768, 3072),
    ];

    private static int[] Rows(int k, int n) => Math.Min(k, n) switch
    {
        <= 96 => [3136, 25088],
        <= 192 => [784, 6272],
        <= 384 => [196, 1568],
        _ => [49, 392],
    };

    /// <summary>Prints the table; arguments choose kinds: tile, linear, packed, dx, dw, sequence, conv, training, streamed, mlp, heads, square.</summary>
    public static void Run(string[] kinds)
    {
        int all = Environment.ProcessorCount;
        Console.WriteLine($"{"GFLOP/s, share of peak",-34} {"1 thread",14}  {all + " threads",14}   {"peak",8}");
        if (Chosen("tile"))
            foreach (var (m, n) in new[] { (12, 32), (144, 32), (144, 512) })
                Print($"block {m} x {n} x 256", GemmCase.Plain(m, n, 256), all);
        if (Chosen("square"))
            foreach (int n in new[] { 256, 512, 1024, 2048 })
                Print($"square {n}", GemmCase.Plain(n, n, n), all);
        foreach (var (n, k) in s_layers)
            foreach (int m in Rows(k, n))
            {
                if (Chosen("linear"))
                    Print($"linear {m} rows {k} to {n}", GemmCase.Linear(m, n, k), all);
                if (Chosen("packed"))
                    Print($"packed {m} rows {k} to {n}", GemmCase.Packed(m, n, k), all);
                if (Chosen("dx"))
                    Print($"dx     {m} rows {k} to {n}", GemmCase.InputGradient(m, n, k), all);
                if (Chosen("dw"))
                    Print($"dW     {m} rows {k} to {n}", GemmCase.WeightGradient(m, n, k), all);
            }
        foreach (var (n, k) in new[] { (64, 64), (128, 64), (64, 128) })
        {
            if (!Chosen("sequence")) break;
            Print($"linear {16384} rows {k} to {n}", GemmCase.Linear(16384, n, k), all);
            Print($"dx     {16384} rows {k} to {n}", GemmCase.InputGradient(16384, n, k), all);
            Print($"dW     {16384} rows {k} to {n}", GemmCase.WeightGradient(16384, n, k), all);
        }
        if (Chosen("conv"))
            foreach (var (side, inputs, outputs, kernel, stride, padding) in new[] { (224, 3, 64, 4, 4, 0), (56, 64, 128, 2, 2, 0), (14, 320, 512, 2, 2, 0), (224, 3, 16, 3, 2, 1), (112, 16, 16, 3, 1, 1), (56, 32, 64, 3, 2, 1), (14, 128, 384, 3, 2, 1) })
                PrintConvolution(side, inputs, outputs, kernel, stride, padding, all);
        if (Chosen("training"))
            foreach (var (side, inputs, outputs) in new[] { (32, 64, 64), (16, 96, 96), (16, 128, 128), (16, 64, 256), (8, 256, 256), (20, 256, 256), (14, 512, 512) })
                foreach (int pixels in new[] { 1024, 2047, 2048 + (side * side) - 1, 16384 })
                    PrintTraining(pixels / (side * side), side, inputs, outputs, all);
        if (Chosen("streamed"))
            foreach (var (m, k, n) in new[] { (49, 512, 2048), (49, 2048, 512), (196, 320, 1280), (49, 768, 3072) })
            {
                // Weights of 32 MiB in all, so that each comes from memory.
                nint[] copies = Enumerable.Range(0, (32 << 20) / (4 * k * n)).Select(_ => (nint)GemmCase.Packed(m, n, k).PackedB).ToArray();
                (PolaFormer.Tensors.Kernels.MatrixProduct product, int turn) = (GemmCase.Packed(m, n, k), 0);
                Print($"streamed {m} rows {k} to {n}", product, default, () => Gemm.Run(product with { PackedB = (float*)copies[turn++ % copies.Length] }), all);
                foreach (nint copy in copies)
                    NativeMemory.AlignedFree((void*)copy);
            }
        if (Chosen("mlp"))
            foreach (var (m, k, n) in new[] { (3136, 64, 512), (784, 128, 1024), (196, 320, 1280), (49, 512, 2048), (3136, 96, 384), (784, 192, 768), (196, 384, 1536), (49, 768, 3072), (25088, 64, 512), (6272, 128, 1024) })
            {
                PrintMlp($"mlp in turns {m} rows {k} to {n}", m, k, n, all, (widen, narrow) =>
                {
                    Gemm.Run(widen);
                    Gemm.Run(narrow with { A = widen.C });
                });
                PrintMlp($"mlp together {m} rows {k} to {n}", m, k, n, all, (widen, narrow) => FeedForward.Run(widen, narrow));
            }
        if (Chosen("heads"))
            foreach (int d in new[] { 32, 64 })
                foreach (int n in new[] { 49, 196 })
                {
                    Print($"q·kᵀ   64 heads of {n}, d = {d}", GemmCase.Plain(n, n, d, 64) with { BRow = 1, BCol = d }, all);
                    Print($"p·v    64 heads of {n}, d = {d}", GemmCase.Plain(n, d, n, 64), all);
                    Print($"kᵀ·v   64 heads of {n}, d = {d}", GemmCase.Plain(d, d, n, 64) with { ARow = 1, ACol = d }, all);
                }

        bool Chosen(string kind) => kinds.Length == 0 || kinds.Contains(kind);
    }

    private static void PrintConvolution(int side, int inputs, int outputs, int kernel, int stride, int padding, int threads)
    {
        ConvolutionShape shape = Square(1, side, inputs, outputs, kernel, stride, padding);
        int depth = inputs * kernel * kernel;
        var product = GemmCase.Plain(Math.Max(shape.OutHeight * shape.OutWidth, side * side), Math.Max(outputs, inputs), depth);
        float* packed = (float*)NativeMemory.AlignedAlloc((nuint)Convolution2D.PackedWeightLength(outputs, inputs, kernel, kernel, 1) * sizeof(float), 64);
        Convolution2D.PackWeight(product.B, outputs, inputs, kernel, kernel, 1, packed);
        var work = 2.0 * shape.OutHeight * shape.OutWidth * outputs * depth;
        Print($"conv   {side}² of {inputs} to {outputs}, {kernel}² / {stride}", work, product, () => Convolution2D.ForwardPacked(shape, product.A, packed, new ConvolutionFinish(), product.C), threads);
        NativeMemory.AlignedFree(packed);
    }

    private static ConvolutionShape Square(int batch, int side, int inputs, int outputs, int kernel, int stride, int padding) => new()
    {
        Batch = batch,
        Height = side,
        Width = side,
        InChannels = inputs,
        OutChannels = outputs,
        KernelHeight = kernel,
        KernelWidth = kernel,
        StrideH = stride,
        StrideW = stride,
        PadH = padding,
        PadW = padding,
        DilationH = 1,
        DilationW = 1,
        Groups = 1,
    };

    // A 3×3 convolution and its gradients with weights as they are.
    private static void PrintTraining(int batch, int side, int inputs, int outputs, int threads)
    {
        if (batch == 0)
            return;
        ConvolutionShape shape = Square(batch, side, inputs, outputs, kernel: 3, stride: 1, padding: 1);
        int channels = Math.Max(inputs, outputs), pixels = batch * side * side;
        double work = 2.0 * pixels * outputs * 9 * inputs;
        string name = $"{batch} × {side}² of {inputs} to {outputs}";
        PrintOne("y ", product => Convolution2D.Forward(shape, product.A, product.B, new ConvolutionFinish(), product.C));
        PrintOne("dx", product => Convolution2D.BackwardInput(shape, product.B, product.A, product.C));
        PrintOne("dW", product => Convolution2D.BackwardWeight(shape, product.A, product.C, product.B, null));

        void PrintOne(string what, Action<MatrixProduct> run)
        {
            var product = GemmCase.Plain(pixels, channels, 9 * channels);
            Print($"{what}     {name}", work, product, () => run(product), threads);
        }
    }

    private static void PrintMlp(string name, int m, int k, int n, int threads, Action<MatrixProduct, MatrixProduct> run)
    {
        (PolaFormer.Tensors.Kernels.MatrixProduct widen, PolaFormer.Tensors.Kernels.MatrixProduct narrow) = (GemmCase.Packed(m, n, k) with { Activation = Activation.Gelu }, GemmCase.Packed(m, k, n));
        Print(name, widen, narrow, () => run(widen, narrow), threads);
        Free(narrow);
    }

    private static void Print(string name, MatrixProduct product, int threads) => Print(name, product, default, () => Gemm.Run(product), threads);

    private static void Print(string name, MatrixProduct product, MatrixProduct second, Action run, int threads) =>
        Print(name, (2.0 * product.M * product.N * product.K * product.OuterBatch) + (2.0 * second.M * second.N * second.K), product, run, threads);

    private static void Print(string name, double work, MatrixProduct product, Action run, int threads)
    {
        (double one, double peak) = Measure(work, run, 1);
        (double all, double peakAll) = Measure(work, run, threads);
        Console.WriteLine($"{name,-34} {one,8:F1} {one / peak,5:P0}  {all,8:F1} {all / peakAll / threads,5:P0}   {peakAll,8:F1}");
        Free(product);
    }

    private static void Free(in MatrixProduct product)
    {
        NativeMemory.AlignedFree(product.A);
        NativeMemory.AlignedFree(product.B);
        NativeMemory.AlignedFree(product.C);
        NativeMemory.AlignedFree(product.PackedB);
    }

    /// <summary>
    /// The best rate of some short runs, and the best of the bursts of multiply-adds between them. One thread is timed by
    /// the processor time it took, so that other programs on the machine count less.
    /// </summary>
    private static (double Rate, double Peak) Measure(double work, Action run, int threads)
    {
        Workers.ThreadCount = threads;
        run();
        int repeats = (int)Math.Max(1, 3e7 / work);
        (double best, double peak) = (0.0, 0.0);
        for (int i = 0; i < 15; i++)
        {
            peak = Math.Max(peak, PeakRate.Measure());
            var start = Now(threads);
            for (int repeat = 0; repeat < repeats; repeat++)
                run();
            best = Math.Max(best, work * repeats / (Now(threads) - start).TotalNanoseconds);
        }
        return (best, peak);
    }

    private static TimeSpan Now(int threads) =>
        threads == 1 ? Environment.CpuUsage.TotalTime : Stopwatch.GetElapsedTime(0);
}
