using PolaFormer.Analysis;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Measurement;

/// <summary>Mechanisms beside each other on the same random tokens: time, memory, multiply-accumulates, entropy.</summary>
public static class MechanismComparison
{
    private const int EntropyRows = 8;

    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(0.5);

    /// <summary>Measures a mechanism.</summary>
    /// <param name="entry">The mechanism.</param>
    /// <param name="dim">Channels C.</param>
    /// <param name="numHeads">Heads.</param>
    /// <param name="tokens">Tokens N; a grid of them where N is a square, else one row.</param>
    /// <param name="byteLimit">Tensor memory that it may take: a mechanism that declares more is not run.</param>
    /// <param name="seed">Seed of tokens and weights.</param>
    public static MechanismMeasurement Measure(AttentionEntry entry, int dim, int numHeads, int tokens, long byteLimit, ulong seed = 0)
    {
        int side = (int)Math.Round(Math.Sqrt(tokens));
        AttentionShape shape = side * side == tokens ? AttentionShape.Grid(dim, numHeads, side, side) : AttentionShape.Grid(dim, numHeads, 1, tokens);
        using var scope = MemoryScope.Enter();
        AttentionMechanism mechanism = entry.Create(shape);
        AttentionCost cost = mechanism.Cost(tokens, tokens);
        if (cost.Bytes > byteLimit)
            return new MechanismMeasurement(entry, tokens, null, 0, cost, null, $"declares {cost.Bytes / 1e9:F1} GB");
        mechanism.Initialize(seed);
        mechanism.Evaluate();
        var layer = new ProbedLayer(entry.Name, mechanism, Inputs(mechanism, seed));

        AttentionTiming timing;
        try
        {
            timing = AttentionTiming.Of(() => mechanism.Attend(layer.Inputs), s_time);
        }
        catch (InsufficientMemoryException)
        {
            return new MechanismMeasurement(entry, tokens, null, 0, cost, null, "needs more memory than there is");
        }

        // One token has all the weight, and ln 1 is 0: the share is undefined.
        double[] entropies = [.. EntropyProfile.Of(layer, EntropyRows).Where(profile => profile is { Entropy: not null, Keys: > 1 }).Select(profile => profile.Entropy!.Value / profile.Uniform)];
        return new MechanismMeasurement(entry, tokens, timing.MedianMs, timing.PeakBytes, cost, entropies.Length == 0 ? null : entropies.Average());
    }

    private static AttentionInputs Inputs(AttentionMechanism mechanism, ulong seed)
    {
        AttentionShape shape = mechanism.Shape;
        return new AttentionInputs(Normal(1), Normal(2), Normal(3))
        {
            Height = shape.Height,
            Width = shape.Width,
            Gate = mechanism.Traits.HasFlag(AttentionTraits.Gated) ? Normal(4) : default(Columns?),
        };

        Tensor Normal(ulong stream)
        {
            Tensor x = Tensor.Empty([1, shape.Tokens, shape.Dim]);
            x.FillNormal(new Philox(seed, stream), 1);
            return x;
        }
    }
}
