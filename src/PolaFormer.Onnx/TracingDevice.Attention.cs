using PolaFormer.Tensors;

namespace PolaFormer.Onnx;

// Attention written out in operators. The query features of the opposite stream are those of the same stream with their
// halves exchanged; exchanging the halves of what they multiply instead leaves one product for both streams.
internal sealed partial class TracingDevice
{
    private const float Epsilon = 1e-6f;

    internal override Tensor PolarityAttention(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor y)
    {
        Tensor p = exponent.Reshape(numHeads, 1, -1);
        Tensor queries = Heads(Rows(query) * inverseScale, numHeads);
        Tensor keys = Heads((Rows(key) + encoding.Reshape(1, key.Tokens, key.Width)) * inverseScale, numHeads);
        Tensor features = Tensor.Concat(-1, Power(queries.Relu(), p), Power((-queries).Relu(), p));
        Tensor keyFeatures = Tensor.Concat(-1, Power(keys.Relu(), p), Power((-keys).Relu(), p));
        Tensor values = Heads(Rows(value), numHeads);

        Tensor state = keyFeatures.MatMul(values, transposeA: true), sum = keyFeatures.Sum(2, 2, keepDimensions: true);
        int half = values.Shape[-1] / 2;
        Tensor readout = Tensor.Concat(-1, state.Slice(-1, 0, half), Exchanged(state.Slice(-1, half, half), 2));
        Tensor normalizers = Tensor.Concat(2, sum, Exchanged(sum, 3));

        // Sums instead of means: both sides of the quotient are n times as large.
        Shape streams = [values.Shape[0], numHeads, queries.Shape[2], 2, half];
        Tensor attended = features.MatMul(readout).Reshape(streams) / (features.MatMul(normalizers, transposeB: true) + (key.Tokens * Epsilon)).Reshape(streams.With(4, 1));
        return Merge(attended, y);
    }

    internal override Tensor PolarityAttentionPlusPlus(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor y)
    {
        Tensor queries = Heads(Rows(query), numHeads), keys = Heads(Rows(key), numHeads), values = Heads(Rows(value), numHeads);
        (Tensor positive, Tensor negative) = (queries.Relu(), (-queries).Relu());
        Tensor f = (Tensor.Concat(-1, positive, negative) * same.Reshape(numHeads, 1, -1)).Exp() - 1;
        Tensor g = (Tensor.Concat(-1, negative, positive) * opposite.Reshape(numHeads, 1, -1)).Exp() - 1;
        Tensor keyFeatures = Tensor.Concat(-1, keys.Relu(), (-keys).Relu()).Exp() - 1;

        int half = values.Shape[-1] / 2;
        Tensor state = Turned(keyFeatures, sin, cos).MatMul(values, transposeA: true), sum = keyFeatures.Sum(2, 2, keepDimensions: true);
        float epsilon = key.Tokens * Epsilon;
        Tensor first = Turned(f, sin, cos).MatMul(state.Slice(-1, 0, half)) / (f.MatMul(sum, transposeB: true) + epsilon);
        Tensor second = Turned(g, sin, cos).MatMul(state.Slice(-1, half, half)) / (g.MatMul(sum, transposeB: true) + epsilon);
        return Merge(Tensor.Concat(-1, first, second), y);
    }

    internal override Tensor SoftmaxAttention(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y)
    {
        Tensor queries = Heads(Rows(query) * scale, numHeads), keys = Heads(Rows(key), numHeads);
        Tensor scores = queries.MatMul(keys, transposeB: true);
        if (mask is not null)
        {
            (int groups, int rows, int columns) = (mask.Shape[0], mask.Shape[1], mask.Shape[2]);
            Tensor added = mask.Reshape(groups, 1, rows, columns);
            added = bias is null ? added : added + bias;
            scores = (scores.Reshape(scores.Shape[0] / groups, groups, numHeads, rows, columns) + added).Reshape(scores.Shape);
        }
        else if (bias is not null)
        {
            scores = scores + bias;
        }

        return Merge(scores.Softmax().MatMul(Heads(Rows(value), numHeads)), y);
    }

    internal override void Rotate(Columns x, Tensor sin, Tensor cos, int numHeads, Tensor y) => Merge(Turned(Heads(Rows(x), numHeads), sin, cos), y);

    // xᵖ of x ≥ 0.
    private Tensor Power(Tensor x, Tensor p) => options.Power == PowerForm.Pow ? x.Pow(p) : (x.Log() * p).Exp();

    // x·cos + rotate(x)·sin, rotate(x₀, x₁) = (−x₁, x₀).
    private static Tensor Turned(Tensor x, Tensor sin, Tensor cos)
    {
        Tensor pairs = x.Reshape(x.Shape[0] * x.Shape[1], x.Shape[2], x.Shape[3] / 2, 2);
        Tensor turned = Tensor.Concat(-1, -pairs.Slice(-1, 1, 1), pairs.Slice(-1, 0, 1)).Reshape(x.Shape);
        return (x * cos) + (turned * sin);
    }

    private static Tensor Exchanged(Tensor x, int dimension) => x.Roll(dimension, x.Shape[dimension] / 2);

    private static Tensor Rows(Columns x)
    {
        Tensor rows = x.Source.Reshape(x.Source.Shape[0], x.Tokens, x.RowStride);
        return x.Width == x.RowStride ? rows : rows.Slice(-1, x.Start, x.Width);
    }

    // (B, N, C) → (B, heads, N, d).
    private static Tensor Heads(Tensor x, int numHeads) => x.Reshape(x.Shape[0], x.Shape[1], numHeads, -1).Permute(0, 2, 1, 3);

    // (B, heads, N, …) → y, (B, N, C).
    private Tensor Merge(Tensor x, Tensor y)
    {
        Tensor merged = x.Reshape(x.Shape[0], x.Shape[1], x.Shape[2], -1).Permute(0, 2, 1, 3).Reshape(y.Shape);
        Bind(y, Operand(merged));
        return y;
    }
}
