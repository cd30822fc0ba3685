using BenchmarkDotNet.Attributes;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Benchmarks;

/// <summary>Layers of Pola-PVT-T at the resolution of each of its stages, frozen, on one image.</summary>
public class LayerBenchmarks
{
    private readonly Dictionary<int, (int Dim, int Heads, int MlpRatio)> _stages = new()
    {
        [56] = (64, 1, 8),
        [28] = (128, 2, 8),
        [14] = (320, 5, 4),
        [7] = (512, 8, 4),
    };

    private Module _attention = null!, _mlp = null!, _norm = null!;
    private Tensor _x = null!;

    /// <summary>Side of the token grid.</summary>
    [Params(56, 28, 14, 7)]
    public int Side { get; set; }

    /// <summary>Threads.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Makes the layers and their input.</summary>
    [GlobalSetup]
    public void Setup()
    {
        Workers.ThreadCount = Threads;
        (int dim, int heads, int ratio) = _stages[Side];
        (_attention, _mlp, _norm) = (new PvtAttention(new PolarityAttention(AttentionShape.Grid(dim, heads, Side, Side))), new Mlp(dim, ratio * dim), new LayerNorm(dim, 1e-6f));
        foreach (Module module in (Module[])[_attention, _mlp, _norm])
        {
            module.Initialize(1);
            module.OptimizeForInference();
        }

        _x = Tensor.Empty([1, Side, Side, dim]);
        var random = new Random(1);
        foreach (ref float value in _x.AsSpan<float>())
            value = random.NextSingle() - 0.5f;
    }

    /// <summary>The attention with its projections, convolution and gate.</summary>
    [Benchmark]
    public float Attention() => Run(_attention);

    /// <summary>The feed-forward part.</summary>
    [Benchmark]
    public float Mlp() => Run(_mlp);

    /// <summary>The layer norm.</summary>
    [Benchmark]
    public float LayerNorm() => Run(_norm);

    private float Run(Module module)
    {
        using (MemoryScope.Enter())
            return module.Forward(_x).AsSpan<float>()[0];
    }
}
