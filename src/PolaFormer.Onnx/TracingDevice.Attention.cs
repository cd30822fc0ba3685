using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Onnx;

// Attention written out in operators. The query features of the opposite stream are those of the same stream with their
// halves exchanged; exchanging the halves of what they multiply instead leaves one product for both streams.
internal sealed partial class TracingDevice
{
    private const float Epsilon = 1e-6f;

    private void PolarityAttention(Columns query, Columns key, Columns value, Tensor? encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor? mask, Tensor y)
    {
        Tensor p = exponent.Reshape(numHeads, 1, -1);
        Tensor queries = AttentionHeads.Split(query.ToTensor() * inverseScale, numHeads);
        Tensor placed = encoding is null ? key.ToTensor() : key.ToTensor() + encoding.Reshape(1, key.Tokens, key.Width);
        if (mask is not null)
            placed *= mask.Reshape(mask.Shape[0], mask.Shape[1], 1);
        Tensor keys = AttentionHeads.Split(placed * inverseScale, numHeads);
        Tensor features = Signed(SignedPower(queries, p)), keyFeatures = Signed(SignedPower(keys, p));
        Tensor values = AttentionHeads.Split(value.ToTensor(), numHeads);

        Tensor state = keyFeatures.MatMul(values, transposeA: true), sum = SumOfTokens(keyFeatures);
        int half = (values.Shape[-1] + 1) / 2, otherHalf = values.Shape[-1] - half;
        Tensor readout = Tensor.Concat(-1, state.Slice(-1, 0, half), Exchanged(state.Slice(-1, half, otherHalf), 2));
        Tensor normalizers = Tensor.Concat(2, sum, Exchanged(sum, 3));

        // Sums instead of means: both sides of the quotient are n times as large.
        Tensor read = features.MatMul(readout), sums = features.MatMul(normalizers, transposeB: true) + Scaled(key.Tokens, Epsilon);
        if (half != otherHalf)
        {
            Merge(Tensor.Concat(-1, read.Slice(-1, 0, half) / sums.Slice(-1, 0, 1), read.Slice(-1, half, otherHalf) / sums.Slice(-1, 1, 1)), y);
            return;
        }

        Shape streams = [values.Shape[0], numHeads, queries.Shape[2], 2, half];
        Merge(read.Reshape(streams) / sums.Reshape(streams.With(4, 1)), y);
    }

    private void PolarityAttentionPlusPlus(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor y)
    {
        Tensor queries = AttentionHeads.Split(query.ToTensor(), numHeads), keys = AttentionHeads.Split(key.ToTensor(), numHeads), values = AttentionHeads.Split(value.ToTensor(), numHeads);
        Tensor features = Signed(queries), keyFeatures = Signed(keys).Exp() - 1;
        Tensor f = (features * same.Reshape(numHeads, 1, -1)).Exp() - 1;
        Tensor g = (features * Exchanged(opposite.Reshape(numHeads, 1, -1), 2)).Exp() - 1;

        int half = values.Shape[-1] / 2;
        Tensor state = Turned(keyFeatures, sin, cos).MatMul(values, transposeA: true), sum = SumOfTokens(keyFeatures);
        Tensor epsilon = Scaled(key.Tokens, Epsilon);
        Tensor first = Turned(f, sin, cos).MatMul(state.Slice(-1, 0, half)) / (f.MatMul(sum, transposeB: true) + epsilon);
        Tensor second = Turned(g, Exchanged(sin, 1), Exchanged(cos, 1)).MatMul(Exchanged(state.Slice(-1, half, half), 2)) / (g.MatMul(Exchanged(sum, 3), transposeB: true) + epsilon);
        Merge(Tensor.Concat(-1, first, second), y);
    }

    private void SoftmaxAttention(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y)
    {
        Tensor queries = AttentionHeads.Split(query.ToTensor() * scale, numHeads), keys = AttentionHeads.Split(key.ToTensor(), numHeads);
        Tensor scores = queries.MatMul(keys, transposeB: true);
        if (mask is not null)
        {
            (int groups, int rows, int columns) = (mask.Shape[0], mask.Shape[1], mask.Shape[2]);
            Tensor added = mask.Reshape(groups, 1, rows, columns);
            added = bias is null ? added : added + bias;
            scores = (scores.Reshape(scores.Shape[0] / groups, groups, numHeads, scores.Shape[2], columns) + added).Reshape(scores.Shape);
        }
        else if (bias is not null)
        {
            scores = scores + bias;
        }

        Merge(scores.Softmax().MatMul(AttentionHeads.Split(value.ToTensor(), numHeads)), y);
    }

    private void Rotate(Columns x, Tensor sin, Tensor cos, int numHeads, Tensor y) => Merge(Turned(AttentionHeads.Split(x.ToTensor(), numHeads), sin, cos), y);

    // sign(x)·|x|ᵖ = x·|x|ᵖ⁻¹: one power for both signs. An exponent of 0 would make 0·∞ of a zero; a tiny one does not.
    private Tensor SignedPower(Tensor x, Tensor p)
    {
        Tensor exponent = Tensors.Ops.Binary.Forward(BinaryFunction.Maximum, p - 1, Tensor.Full([1], 1e-30f, Cpu));
        Tensor size = x.Apply(UnaryFunction.Abs);
        return x * (options.Power == PowerForm.Pow ? size.Pow(exponent) : (size.Log() * exponent).Exp());
    }

    // [x₊, x₋].
    private static Tensor Signed(Tensor x) => Tensor.Concat(-1, x.Relu(), (-x).Relu());

    // (B, heads, n, d) → (B, heads, 1, d), as a product with ones: faster than a sum over a dimension in the middle.
    private Tensor SumOfTokens(Tensor x)
    {
        int tokens = x.Shape[2];
        Tensor y = Empty(x.Shape.With(2, 1));
        Bind(y, graph.Node("MatMul", [Operand(Tensor.Full([1, tokens], 1, Cpu)), Operand(x)]));
        return y;
    }

    // x·cos + rotate(x)·sin, rotate(x₀, x₁) = (−x₁, x₀): a product with a constant matrix, faster than taking pairs apart.
    private static Tensor Turned(Tensor x, Tensor sin, Tensor cos)
    {
        int channels = x.Shape[-1];
        Tensor rotation = Tensor.Full([channels, channels], 0, Cpu);
        Span<float> values = rotation.AsSpan<float>();
        for (int i = 0; i < channels; i += 2)
            (values[((i + 1) * channels) + i], values[(i * channels) + i + 1]) = (-1, 1);
        return (x * cos) + (x.MatMul(rotation) * sin);
    }

    private static Tensor Exchanged(Tensor x, int dimension) => x.Roll(dimension, x.Shape[dimension] / 2);

    // (B, heads, N, …) → y, (B, N, C).
    private void Merge(Tensor x, Tensor y) => Bind(y, Operand(AttentionHeads.Merge(x)));
}
