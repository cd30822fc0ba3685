using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// The network that the Skyformer repository trains on Long Range Arena (src/models/model_LRA.py, ModelForSC and
/// ModelForSCDual), with its state-dict names: tokens through an encoder with any mechanism, the mean over the padded length,
/// and two layers. Two sequences a and b are compared by [a, b, a·b, a − b]. Int64 (B, N), or (B, 2, N) for two sequences →
/// (B, classes).
/// </summary>
public sealed class SequenceClassifier : Module
{
    // The stream of the second sequence's random numbers.
    private const ulong SecondSequence = 0x9E3779B97F4A7C15;

    // The tokens have learned positions already, and with an encoding of its own a mechanism would have more parameters than the
    // rest of the network.
    private static readonly AttentionOptions s_defaults = new() { ["positions"] = false };

    private readonly SequenceEncoder _encoder;
    private readonly Linear _hidden, _head;

    /// <summary>Makes the network.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="attention">Makes the mechanism of a block; the configuration's, from the registry, where null.</param>
    public SequenceClassifier(SequenceClassifierConfig config, Func<AttentionShape, AttentionMechanism>? attention = null)
    {
        Config = config;
        _encoder = AddChild("model", new SequenceEncoder(config, attention ?? (shape => AttentionRegistry.Find(config.Attention).Create(shape, s_defaults))));

        // The repository's spelling.
        _hidden = AddChild("seq_classifer.mlpblock.0", new Linear(config.IsDual ? 4 * config.Dim : config.Dim, config.HiddenDim, activation: Activation.Relu));
        _head = AddChild("seq_classifer.mlpblock.2", new Linear(config.HiddenDim, config.NumClasses));
    }

    /// <summary>Its shape.</summary>
    public SequenceClassifierConfig Config { get; }

    /// <summary>Classifies without computing padding where it does not count: the same logits.</summary>
    /// <param name="x">Int64 (B, N), or (B, 2, N) for two sequences.</param>
    /// <param name="rows">The tokens of each sequence that are no padding; null for a sequence whose padding is computed.</param>
    /// <exception cref="ArgumentException">They are of another number of sequences.</exception>
    public Tensor Forward(Tensor x, IReadOnlyList<TokenRows?> rows) => rows.Count != (Config.IsDual ? 2 : 1)
        ? throw new ArgumentException($"The classifier takes the tokens of {(Config.IsDual ? "two sequences" : "one sequence")}; got those of {rows.Count}.", nameof(rows))
        : Call((Network: this, X: x, Rows: rows), static call => call.Network.Run(call.X, call.Rows), x);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Run(x, [null, null]);

    private Tensor Run(Tensor x, IReadOnlyList<TokenRows?> rows)
    {
        if (!Config.IsDual)
            return Classify(Pooled(x, rows[0]));
        if (x.Rank != 3 || x.Shape[1] != 2)
            throw new ArgumentException($"The classifier compares two sequences, (B, 2, N); got {x.Shape}.", nameof(x));
        Tensor first = Pooled(x.Slice(1, 0, 1).Reshape(x.Shape[0], -1), rows[0]), second = PooledSecond(x.Slice(1, 1, 1).Reshape(x.Shape[0], -1), rows[1]);
        return Classify(Tensor.Concat(1, first, second, first * second, first - second));
    }

    private Tensor Pooled(Tensor tokens, TokenRows? rows)
    {
        Tensor y = _encoder.Forward(tokens, rows);
        return Config.UsesClassToken ? y.Slice(1, 0, 1).Reshape(y.Shape[0], -1) : y.Mean(1);
    }

    // What is dropped and sampled by chance is not the same in both sequences.
    private Tensor PooledSecond(Tensor tokens, TokenRows? rows)
    {
        RandomStep step = RandomStep.Current;
        RandomStep.Current = step with { Seed = step.Seed ^ SecondSequence };
        try
        {
            return Pooled(tokens, rows);
        }
        finally
        {
            RandomStep.Current = step;
        }
    }

    private Tensor Classify(Tensor pooled) => _head.Forward(_hidden.Forward(pooled));
}
