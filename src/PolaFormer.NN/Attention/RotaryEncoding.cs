using System.Buffers;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Rotary position encoding in the plane (the authors' polaformer++/models/pola.py, RoPE): neighbouring channels form
/// pairs that turn by position·angle; the first half of a head's channels turns with the row, the second with the column.
/// Not applied by <see cref="Module.Forward"/> but asked for its tables.
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
        _angle = AddBuffer("angle", Tensor.Empty([2 * pairs]), StateTraits.Optional);
        if (_angle.Device is MetaDevice)
            return;
        Span<float> angle = _angle.AsSpan<float>();
        for (int i = 0; i < pairs; i++)
        {
            float exponent = pairs == 1 ? 0 : (float)i / (pairs - 1);
            angle[2 * i] = angle[(2 * i) + 1] = 1 / MathF.Pow(frequencyBase, exponent);
        }
    }

    /// <summary>Sine and cosine of every token and channel of one head, (H·W, d) each. Optimised for inference, it remembers the last.</summary>
    public (Tensor Sin, Tensor Cos) Tables(int height, int width)
    {
        if (!IsOptimizedForInference)
            return Compute(height, width);
        KnownTables? known = _known;
        if (known is null || known.Height != height || known.Width != width)
            _known = known = new KnownTables(height, width, MemoryScope.OutsideScopes(() => Compute(height, width)));
        return known.Tables;
    }

    private (Tensor Sin, Tensor Cos) Compute(int height, int width)
    {
        int half = _angle.Shape[0];
        Tensor sin = Tensor.Empty([height * width, 2 * half], device: _angle.Device);
        Tensor cos = Tensor.Empty([height * width, 2 * half], device: _angle.Device);
        if (_angle.Device is MetaDevice)
            return (sin, cos);

        // Few distinct angles: one row of the plane's table for each position along the longer side.
        ReadOnlySpan<float> angle = _angle.AsSpan<float>();
        int count = Math.Max(height, width) * half;
        float[] rented = ArrayPool<float>.Shared.Rent(2 * count);
        Span<float> sines = rented.AsSpan(0, count), cosines = rented.AsSpan(count, count);
        for (int i = 0; i < count; i++)
            (sines[i], cosines[i]) = MathF.SinCos(i / half * angle[i % half]);
        Spread(sines, sin.AsSpan<float>(), width, half);
        Spread(cosines, cos.AsSpan<float>(), width, half);
        ArrayPool<float>.Shared.Return(rented);
        return (sin, cos);
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => throw new InvalidOperationException("A rotary encoding is asked for its Tables, not applied by Forward.");

    private static void Spread(ReadOnlySpan<float> byPosition, Span<float> table, int width, int half)
    {
        for (int token = 0; token * 2 * half < table.Length; token++)
        {
            Span<float> row = table.Slice(token * 2 * half, 2 * half);
            byPosition.Slice(token / width * half, half).CopyTo(row);
            byPosition.Slice(token % width * half, half).CopyTo(row[half..]);
        }
    }

    // One object, so that threads which run the same model see all of it or nothing.
    private sealed record KnownTables(int Height, int Width, (Tensor Sin, Tensor Cos) Tables);
}
