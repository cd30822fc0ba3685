using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Measurement;

/// <summary>Time and memory of one attention kernel: queries, keys and values given, output asked.</summary>
/// <param name="Kind">One of <see cref="Kinds"/>.</param>
/// <param name="Heads">Heads.</param>
/// <param name="HeadDim">Channels d of a head.</param>
/// <param name="Tokens">Tokens N.</param>
/// <param name="MedianMs">Median time.</param>
/// <param name="ExtraBytes">Largest memory beside the operands, output included.</param>
/// <param name="OutputBytes">The part of it that the output takes.</param>
public sealed record AttentionCase(string Kind, int Heads, int HeadDim, int Tokens, double MedianMs, long ExtraBytes, long OutputBytes)
{
    /// <summary>The kernels there are.</summary>
    public const string Polarity = "polarity", PolarityPlusPlus = "polarity++", Softmax = "softmax";

    /// <summary>What can be measured.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [Polarity, PolarityPlusPlus, Softmax];

    /// <summary>Measures.</summary>
    public static AttentionCase Measure(string kind, int heads, int headDim, int tokens, TimeSpan duration)
    {
        using var scope = MemoryScope.Enter();
        AttentionTiming timing = AttentionTiming.Of(AttentionOf(kind, heads, headDim, tokens), duration);
        long output = Device.Cpu.MemoryStatistics.PeakOf(() =>
        {
            using (MemoryScope.Enter())
                Tensor.Empty([1, tokens, heads * headDim]);
        });
        return new AttentionCase(kind, heads, headDim, tokens, timing.MedianMs, timing.PeakBytes, output);
    }

    private static Func<Tensor> AttentionOf(string kind, int heads, int headDim, int tokens)
    {
        int dim = heads * headDim;
        Tensor joint = Tensor.Empty([1, tokens, 3 * dim]);
        joint.FillNormal(new Tensors.Random.Philox(0, 0), 1);
        Columns query = new(joint, 0, dim), key = new(joint, dim, dim), value = new(joint, 2 * dim, dim);
        switch (kind)
        {
            case Polarity:
                Tensor encoding = Tensor.Zeros([1, tokens, dim]), inverseScale = Tensor.Full([dim], 1), exponent = Tensor.Full([dim], 3);
                return () => Tensor.PolarityAttention(query, key, value, encoding, inverseScale, exponent, heads);
            case PolarityPlusPlus:
                Tensor temperature = Tensor.Full([2 * dim], 0.5f), sin = Tensor.Full([tokens, 2 * headDim], 0.6f), cos = Tensor.Full([tokens, 2 * headDim], 0.8f);
                return () => Tensor.PolarityAttentionPlusPlus(query, key, value, temperature, temperature, sin, cos, heads);
            default:
                return () => Tensor.SoftmaxAttention(query, key, value, heads, 1 / MathF.Sqrt(headDim));
        }
    }
}
