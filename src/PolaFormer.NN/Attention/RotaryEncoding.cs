using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Rotary position encoding in the plane (the authors' polaformer++/models/pola.py, RoPE): neighbouring channels form
/// pairs that turn by position·angle; the first half of a head's channels turns with the row, the second with the column.
/// Not applied by <see cref="Module.Forward"/>; layers use its tables.
/// </summary>
public sealed class RotaryEncoding : Module
{
    private readonly Tensor _angle;
    private KnownTables? _known;

    /// <summary>Makes the encoding.</summary>
    /// <param name="dim">Channels of all heads together; channels per head divisible by 4.</param>
    /// <param name="numHeads">Heads.</param>
    /// <param name="frequencyBase">Pair i of p turns by frequencyBase^(−i / (p − 1)) a pixel.</param>
    public RotaryEncoding(int dim, int numHeads, float frequencyBase = 10000)
    {
        int pairs = dim / numHeads / 4;
        float[] angle = new float[2 * pairs];
        for (int i = 0; i < pairs; i++)
        {
            float exponent = pairs == 1 ? 0 : (float)i / (pairs - 1);
            angle[2 * i] = angle[(2 * i) + 1] = 1 / MathF.Pow(frequencyBase, exponent);
        }

        _angle = AddBuffer("angle", Tensor.From(angle, [2 * pairs]), StateTraits.Optional);
    }

    /// <summary>Sine and cosine of every token and channel of one head, (H·W, d) each. Optimised for inference, the last tables are kept.</summary>
    /// <param name="height">Rows of tokens.</param>
    /// <param name="width">Columns of tokens.</param>
    /// <param name="device">What the tables are for; the device of the angles where null.</param>
    public (Tensor Sin, Tensor Cos) Tables(int height, int width, Device? device = null)
    {
        if (!IsOptimizedForInference)
            return Tensor.RotaryTables(_angle, height, width, device);
        KnownTables? known = _known;
        if (known is null || known.Height != height || known.Width != width)
            _known = known = new KnownTables(height, width, MemoryScope.OutsideScopes(() => Tensor.RotaryTables(_angle, height, width)));
        return known.Tables;
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => throw new InvalidOperationException("A rotary encoding is asked for its Tables, not applied by Forward.");

    // One object, so that threads which run the same model see all of it or nothing.
    private sealed record KnownTables(int Height, int Width, (Tensor Sin, Tensor Cos) Tables);
}
