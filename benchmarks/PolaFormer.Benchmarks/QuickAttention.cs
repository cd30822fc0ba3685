using System.Diagnostics;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Benchmarks;

/// <summary>A table of GFLOP/s of the attention kernels over the models' shapes in seconds: the best of some short runs.</summary>
internal static class QuickAttention
{
    private static readonly (string Kind, int Batch, int Heads, int HeadDim, int Tokens, int Keys)[] s_shapes =
    [
        ("polarity", 1, 1, 64, 3136, 3136), ("polarity", 1, 2, 64, 784, 784), ("polarity", 1, 5, 64, 196, 196),
        ("polarity", 1, 8, 64, 49, 49), ("polarity", 1, 3, 32, 3136, 3136), ("polarity", 1, 6, 32, 784, 784),
        ("polarity", 1, 1, 64, 50176, 50176),
        ("polarity++", 1, 1, 32, 3136, 3136), ("polarity++", 1, 2, 32, 784, 784), ("polarity++", 1, 1, 64, 3136, 3136),
        ("softmax", 1, 5, 64, 196, 196), ("softmax", 4, 12, 32, 49, 49), ("softmax", 1, 4, 32, 196, 196),
        ("softmax", 1, 1, 64, 3136, 49), ("softmax", 1, 1, 64, 1600, 1600),
    ];

    /// <summary>Prints the table; arguments choose kinds: polarity, polarity++, softmax.</summary>
    public static void Run(string[] kinds)
    {
        Console.WriteLine($"{"GFLOP/s, median share of peak",-40} {"1 thread",14}  {Environment.ProcessorCount + " threads",14}");
        foreach (var shape in s_shapes)
        {
            if (kinds.Length > 0 && !kinds.Contains(shape.Kind))
                continue;
            using var scope = MemoryScope.Enter();
            var attention = Case(shape.Kind, shape.Batch, shape.Heads, shape.HeadDim, shape.Tokens, shape.Keys);
            long perPair = (long)shape.HeadDim * (shape.Kind == "softmax" ? (long)shape.Tokens * shape.Keys : (shape.Tokens + shape.Keys) * (long)shape.HeadDim);
            double work = 4.0 * shape.Batch * shape.Heads * perPair;
            Console.WriteLine(
                $"{shape.Kind,-10} {shape.Batch,2} × {shape.Heads,2} × {shape.Tokens,5} × {shape.HeadDim}, {shape.Keys,5} keys"
                + $"   {Rate(attention, work, 1)}  {Rate(attention, work, Environment.ProcessorCount)}");
        }
    }

    private static Func<Tensor> Case(string kind, int batch, int heads, int headDim, int tokens, int keys)
    {
        int width = heads * headDim;
        var joint = Normal([batch, Math.Max(tokens, keys), 3 * width]);
        Columns q = new(joint, 0, width), k = new(joint, width, width), v = new(joint, 2 * width, width);
        switch (kind)
        {
            case "polarity":
                Tensor encoding = Tensor.Zeros([1, keys, width]), inverseScale = Tensor.Full([width], 1), exponent = Tensor.Full([width], 3);
                return () => Tensor.PolarityAttention(q, k, v, encoding, inverseScale, exponent, heads);
            case "polarity++":
                Tensor temperature = Tensor.Full([2 * width], 0.5f), sin = Tensor.Full([tokens, 2 * headDim], 0.6f), cos = Tensor.Full([tokens, 2 * headDim], 0.8f);
                return () => Tensor.PolarityAttentionPlusPlus(q, k, v, temperature, temperature, sin, cos, heads);
            default:
                var queries = Normal([batch, tokens, width]);
                var keysAndValues = Normal([batch, keys, 2 * width]);
                return () => Tensor.SoftmaxAttention(queries, new(keysAndValues, 0, width), new(keysAndValues, width, width), heads, 1 / MathF.Sqrt(headDim));
        }
    }

    private static Tensor Normal(Shape shape)
    {
        var tensor = Tensor.Empty(shape);
        new Tensors.Random.Philox(0, 0).FillNormal(tensor.AsSpan<float>(), 0);
        return tensor;
    }

    // One thread is timed by the processor time it took, so that other programs on the machine count less.
    private static string Rate(Func<Tensor> attention, double work, int threads)
    {
        Workers.ThreadCount = threads;
        int repeats = (int)Math.Max(1, 1e8 / work);
        double best = 0.0;
        double[] shares = new double[30];
        for (int i = 0; i < shares.Length; i++)
        {
            double peak = PeakRate.Measure();
            var start = Now(threads);
            for (int repeat = 0; repeat < repeats; repeat++)
            {
                using (MemoryScope.Enter())
                    attention();
            }
            double rate = work * repeats / (Now(threads) - start).TotalNanoseconds;
            shares[i] = rate / threads / Math.Max(peak, PeakRate.Measure());
            best = Math.Max(best, rate);
        }
        Array.Sort(shares);
        return $"{best,8:F1} {shares[shares.Length / 2],5:P0}";
    }

    private static TimeSpan Now(int threads) => threads == 1 ? Environment.CpuUsage.TotalTime : Stopwatch.GetElapsedTime(0);
}
