using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Ops;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Tests.Ops;

/// <summary>
/// One or more small applications of every operator, to be held against central differences. Inputs are smooth points:
/// none lies where the operator has a kink.
/// </summary>
internal static class GradientCases
{
    public sealed record Case(string Name, Type Operator, Tensor[] Inputs, Func<Tensor[], Tensor> Apply);

    public static IReadOnlyList<Case> All { get; } = Make();

    public static List<Case> Make()
    {
        var cases = new List<Case>();
        void Add(string name, Type type, Tensor[] inputs, Func<Tensor[], Tensor> apply) => cases.Add(new Case(name, type, inputs, apply));

        Add("Reshape", typeof(Reshape), [Random([2, 6])], x => x[0].Reshape(3, -1).Exp());
        foreach (UnaryFunction function in Enum.GetValues<UnaryFunction>())
            Add($"{function}", typeof(Unary), [Positive([3, 5])], x => x[0].Apply(function));
        foreach (UnaryFunction function in (UnaryFunction[])[UnaryFunction.Relu, UnaryFunction.Gelu, UnaryFunction.Silu, UnaryFunction.Elu, UnaryFunction.Abs, UnaryFunction.Softplus])
            Add($"{function} of negatives", typeof(Unary), [Positive([3, 5]) * -1], x => x[0].Apply(function));
        Add("Recomputation", typeof(Recomputation), [Random([3, 4])], x =>
        {
            Tensor y = x[0].Exp();
            return Tape.Recompute(() => y.Tanh() * y, y);
        });
        Add("Recomputation of columns and of two inputs", typeof(Recomputation), [Random([3, 4]), Random([3, 2])], x =>
        {
            (Tensor a, Tensor b) = (x[0].Exp(), x[1].Exp());
            return Tape.Recompute(() => a.Slice(-1, 0, 2) * a.Slice(-1, 1, 2) * b, a, b) + b;
        });
        Add("Affine", typeof(Affine), [Random([7])], x => (x[0] * 3) - 2);
        foreach (BinaryFunction function in (BinaryFunction[])[BinaryFunction.Add, BinaryFunction.Subtract, BinaryFunction.Multiply, BinaryFunction.Divide, BinaryFunction.Pow])
        {
            Add($"{function}", typeof(Binary), [Positive([4, 3]), Positive([4, 3])], x => Binary.Forward(function, x[0], x[1]));
            Add($"{function} with a row", typeof(Binary), [Positive([2, 4, 3]), Positive([3])], x => Binary.Forward(function, x[0], x[1]));
            Add($"{function} with a column", typeof(Binary), [Positive([4, 1]), Positive([4, 3])], x => Binary.Forward(function, x[0], x[1]));
        }

        Add("Permute", typeof(Permute), [Random([2, 3, 4])], x => x[0].Permute(2, 0, 1).Exp());
        Add("Slice of the first dimension", typeof(Slice), [Random([5, 3])], x => x[0].Slice(0, 1, 3).Exp());
        Add("Slice of the last dimension", typeof(Slice), [Random([5, 4])], x => x[0].Slice(-1, 1, 2).Exp());
        Add("Concat", typeof(Concat), [Random([2, 3]), Random([2, 2])], x => Tensor.Concat(1, x).Exp());
        Add("Concat of one tensor twice", typeof(Concat), [Random([2, 3])], x => Tensor.Concat(0, x[0], x[0]).Exp());
        Add("Expand", typeof(Expand), [Random([4, 1, 3])], x => x[0].Expand([2, 4, 5, 3]).Exp());
        Add("Where", typeof(Where), [Random([3, 7]), Random([7])], x => Tensor.Where(Tensor.From([0, 1, float.NaN, 0, -2, 0, 3], [7]), x[0].Exp(), x[1]));
        Add("Roll", typeof(Roll), [Random([2, 5, 3])], x => x[0].Roll(1, -2).Exp());
        Add("Embedding", typeof(Gather), [Random([4, 3])], x => x[0].Embedding(Tensor.From<long>([0, 2, 2, 3, 0], [5])).Exp());
        Add("Sum over the middle", typeof(Reduce), [Random([2, 4, 3])], x => x[0].Sum(1).Exp());
        Add("Mean of everything", typeof(Reduce), [Random([4, 3])], x => x[0].Mean().Exp());
        Add("Mean, dimensions kept", typeof(Reduce), [Random([2, 3, 4])], x => x[0].Mean([1, 2], keepDimensions: true).Exp());
        Add("Maximum over the middle", typeof(Reduce), [Spread([2, 4, 3])], x => x[0].Max(1).Exp());
        Add("Maximum of the last dimension, kept", typeof(Reduce), [Spread([3, 5])], x => x[0].Max(-1, keepDimensions: true).Exp());
        foreach ((bool ta, bool tb) in ((bool, bool)[])[(false, false), (true, false), (false, true), (true, true)])
            Add($"MatMul {ta} {tb}", typeof(MatMul), [Random(ta ? [2, 4, 3] : [2, 3, 4]), Random(tb ? [2, 5, 4] : [2, 4, 5])], x => x[0].MatMul(x[1], ta, tb));
        Add("MatMul with one right operand", typeof(MatMul), [Random([2, 3, 4]), Random([4, 5])], x => x[0].MatMul(x[1]));
        Add("Linear", typeof(Linear), [Random([2, 3, 4]), Random([5, 4]), Random([5])], x => x[0].Linear(x[1], x[2]));
        foreach (Activation activation in (Activation[])[Activation.Gelu, Activation.Silu])
            Add($"Feed-forward, {activation}", typeof(FeedForward), [Random([2, 3, 4]), Random([6, 4]), Random([6]), Random([5, 6]), Random([5]), Random([2, 3, 5])], x =>
                x[0].FeedForward(x[1], x[2], activation, x[3], x[4], x[5]));
        Add("Feed-forward with dropout", typeof(FeedForward), [Random([2, 3, 4]), Random([6, 4]), Random([6]), Random([5, 6]), Random([5])], x =>
            x[0].FeedForward(x[1], x[2], Activation.Gelu, x[3], x[4], dropout: (0.4f, new Philox(2, 3))));
        Add("Scaled residual", typeof(ScaledResidual), [Random([2, 3, 5]), Random([2, 3, 5]), Random([1, 5, 1])], x => Tensor.ScaledResidual(x[0], x[1], x[2], Tensor.From([0.5f, 2], [2])));
        Add("Scaled residual without channels' factors", typeof(ScaledResidual), [Random([2, 3, 20]), Random([2, 3, 20])], x => Tensor.ScaledResidual(x[0], x[1], null, Tensor.From([0, 2f], [2])));
        Add("Dropout", typeof(Dropout), [Random([3, 9, 21])], x => x[0].Dropout(0.3f, new Philox(5, 6)).Exp());
        Add("Softmax", typeof(Softmax), [Random([3, 5])], x => x[0].Softmax());
        Add("LogSoftmax", typeof(Softmax), [Random([3, 5])], x => x[0].LogSoftmax());
        Add("LayerNorm", typeof(LayerNorm), [Random([4, 6]), Random([6]), Random([6])], x => x[0].LayerNorm(x[1], x[2], 1e-5f));
        Add("BatchNorm, training", typeof(BatchNorm), [Random([5, 3]), Random([3]), Random([3])], x => x[0].BatchNormTrain(x[1], x[2], Tensor.Zeros([3]), Tensor.Full([3], 1), 0.1f, 1e-5f));
        Add("BatchNorm of parts", typeof(BatchNormOfParts), [Random([5, 3]), Random([3]), Random([3])], x => x[0].BatchNormOfParts(x[1], x[2], Tensor.Zeros([3]), Tensor.Full([3], 1), 0.1f, 1e-5f, new OnePart()));
        Add("BatchNorm, evaluation", typeof(BatchNorm), [Random([5, 3]), Random([3]), Random([3])], x => x[0].BatchNormEvaluate(x[1], x[2], Tensor.Full([3], 0.2f), Tensor.Full([3], 0.7f), 1e-5f));
        Add("Convolution", typeof(Convolution), [Random([2, 5, 4, 3]), Random([4, 3, 3, 3]), Random([4])], x => x[0].Conv2d(x[1], x[2], stride: 2, padding: 1));
        Add("Convolution of patches", typeof(Convolution), [Random([1, 4, 6, 3]), Random([4, 3, 2, 2]), Random([4])], x => x[0].Conv2d(x[1], x[2], stride: 2));
        Add("Convolution, depthwise", typeof(Convolution), [Random([1, 4, 5, 6]), Random([6, 1, 3, 3]), Random([6])], x => x[0].Conv2d(x[1], x[2], padding: 1, groups: 6));
        Add("Convolution in groups, dilated", typeof(Convolution), [Random([1, 6, 6, 4]), Random([6, 2, 3, 3]), Random([6])], x => x[0].Conv2d(x[1], x[2], padding: 2, dilation: 2, groups: 2));
        Add("Depthwise convolution", typeof(DepthwiseConvolution), [Random([2, 4, 5, 6]), Random([6, 1, 3, 3]), Random([6])], x => Tensor.DepthwiseConv2d(x[0], x[1], x[2], addInput: true));
        Add("Depthwise convolution of columns with shared kernels", typeof(DepthwiseConvolution), [Random([1, 4, 5, 10]), Random([3, 1, 5, 5]), Random([3])], x =>
            Tensor.DepthwiseConv2d(new Columns(x[0], 3, 6), x[1], x[2]));
        Add("Depthwise convolution of sequences with padding", typeof(DepthwiseConvolution), [Random([2, 7, 10]), Random([3, 1, 5]), Random([3])], x =>
            Tensor.DepthwiseConv1d(new Columns(x[0], 3, 6), x[1], x[2], Mask27()));
        Add("Deformable convolution of columns with shared kernels", typeof(DeformableConvolution), [Random([2, 4, 5, 10]), Random([2, 4, 5, 18]), Random([3, 1, 3, 3]), Random([3])], x =>
            Tensor.DeformableConv2d(new Columns(x[0], 2, 6), (x[1] * 0.35f) + 0.5f, x[2], x[3]));
        Add("Deformable convolution far outside", typeof(DeformableConvolution), [Random([1, 3, 4, 2]), Random([1, 3, 4, 18]), Random([2, 1, 3, 3])], x =>
            Tensor.DeformableConv2d(x[0], (x[1] * 0.35f) - 2.5f, x[2]));
        Add("Gated depthwise convolution of one joint projection", typeof(GatedDepthwiseConvolution), [Random([1, 4, 5, 10]), Random([3, 1, 3, 3]), Random([3]), Random([1, 4, 5, 3])], x =>
            Tensor.GatedDepthwiseConv2d(new Columns(x[0], 1, 3), x[1], x[2], x[3], new Columns(x[0], 6, 3)));
        Add("Gated depthwise convolution of sequences with padding", typeof(GatedDepthwiseConvolution), [Random([2, 7, 10]), Random([3, 1, 3]), Random([3]), Random([2, 7, 3])], x =>
            Tensor.GatedDepthwiseConv1d(new Columns(x[0], 1, 3), x[1], x[2], x[3], new Columns(x[0], 6, 3), Mask27()));
        Add("Columns of a computed tensor, apart, together and twice", typeof(Slice), [Random([2, 12])], x =>
        {
            Tensor y = x[0].Exp();
            return (y.Slice(-1, 8, 2) * y.Slice(-1, 2, 2)) + (y.Slice(-1, 4, 2) * y.Slice(-1, 2, 2)) + (y.Slice(-1, 0, 2) * y.Slice(-1, 3, 2));
        });
        Add("Adaptive average pool", typeof(Pool), [Random([1, 5, 7, 3])], x => x[0].AdaptiveAveragePool(2, 3).Exp());
        Add("Average pool", typeof(Pool), [Random([1, 5, 5, 2])], x => x[0].AveragePool(3, 2, 1).Exp());
        Add("Maximum pool", typeof(Pool), [Spread([1, 5, 5, 2])], x => x[0].MaxPool(3, 2, 1).Exp());
        Add("Bilinear", typeof(Interpolate), [Random([1, 3, 4, 2])], x => x[0].Interpolate(5, 3, InterpolationMode.Bilinear).Exp());
        Add("Bicubic", typeof(Interpolate), [Random([1, 4, 4, 2])], x => x[0].Interpolate(7, 6, InterpolationMode.Bicubic).Exp());
        Add("Group norm", typeof(GroupNorm), [Random([2, 2, 3, 6]), Random([6]), Random([6])], x => x[0].GroupNorm(3, x[1], x[2], 0.1f).Sigmoid());
        Add("Group norm, one pixel", typeof(GroupNorm), [Random([2, 1, 1, 6]), Random([6]), Random([6])], x => x[0].GroupNorm(2, x[1], x[2], 0.1f).Sigmoid());
        Add("Bilinear, corners aligned", typeof(Interpolate), [Random([1, 3, 4, 2])], x => x[0].Interpolate(5, 3, InterpolationMode.BilinearAligned).Exp());
        Add("Nearest", typeof(Interpolate), [Random([1, 3, 4, 2])], x => x[0].Interpolate(5, 3, InterpolationMode.Nearest).Exp());
        Add("Cross-entropy of labels", typeof(LabelCrossEntropy), [Random([3, 4])], x => x[0].CrossEntropyOfLabels(Tensor.From([2L, 0, 3], [3])));
        Add("Cross-entropy", typeof(CrossEntropy), [Random([3, 4])], x => x[0].CrossEntropy(Tensor.From([0.7f, 0.1f, 0.1f, 0.1f, 0, 1, 0, 0, 0.25f, 0.25f, 0.25f, 0.25f], [3, 4])));
        Add("Polarity attention", typeof(PolarityAttention), [Away([2, 5, 16]), Away([2, 3, 16]), Random([1, 3, 8]) * 0.02f, Positive([8]), Positive([8]) + 1], x =>
            Tensor.PolarityAttention(new Columns(x[0], 0, 8), new Columns(x[1], 0, 8), new Columns(x[1], 8, 8), x[2], x[3], x[4], 2));
        Add("Polarity attention with padding", typeof(PolarityAttention), [Away([2, 5, 16]), Away([2, 3, 16]), Positive([8]), Positive([8]) + 1], x =>
            Tensor.PolarityAttention(new Columns(x[0], 0, 8), new Columns(x[1], 0, 8), new Columns(x[1], 8, 8), null, x[2], x[3], 2, Tensor.From([1, 1, 0, 0, 1, 1f], [2, 3])));
        Add("Elu attention with padding", typeof(LinearAttention), [Away([2, 5, 16]), Away([2, 3, 16])], x =>
            Tensor.EluAttention(new Columns(x[0], 0, 8), new Columns(x[1], 0, 8), new Columns(x[1], 8, 8), 2, 1e-6f, Tensor.From([1, 1, 0, 0.5f, 1, 1f], [2, 3])));
        foreach (float power in (float[])[3, 2.5f])
        {
            Add($"Focused attention, power {power}", typeof(LinearAttention), [Away([2, 5, 16]), Away([2, 3, 16]), Random([1, 3, 8]) * 0.02f, Positive([8])], x =>
                Tensor.FocusedAttention(new Columns(x[0], 0, 8), new Columns(x[1], 0, 8), new Columns(x[1], 8, 8), x[2], x[3], power, 2, 3e-6f));
        }

        Add("Polarity attention ++", typeof(PolarityAttentionPlusPlus), [Away([1, 4, 24]), Positive([16]), Positive([16])], x =>
        {
            (Tensor sin, Tensor cos) = Turns(4, 8);
            return Tensor.PolarityAttentionPlusPlus(new Columns(x[0], 0, 8), new Columns(x[0], 8, 8), new Columns(x[0], 16, 8), x[1], x[2], sin, cos, 2);
        });
        Add("Softmax attention", typeof(SoftmaxAttention), [Random([2, 4, 8]), Random([2, 3, 16]), Random([2, 4, 3])], x =>
            Tensor.SoftmaxAttention(x[0], new Columns(x[1], 0, 8), new Columns(x[1], 8, 8), 2, 0.5f, x[2], Tensor.From([0, -1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1f], [1, 4, 3])));
        Add("Softmax attention, weights dropped", typeof(SoftmaxAttention), [Random([2, 4, 8]), Random([2, 3, 16])], x =>
            Tensor.SoftmaxAttention(x[0], new Columns(x[1], 0, 8), new Columns(x[1], 8, 8), 2, 0.5f, drop: (0.3f, new Philox(5, 1))));
        Add("RoIAlign", typeof(RoiAlign), [Random([2, 5, 6, 3])], x =>
            x[0].RoiAlign(Tensor.From([0, 2.5f, 1, 15, 13, 1, 4, 3, 9, 20, 1, -9, -9, 3, 3f], [3, 5]), new RoiAlignRule(2, 3, 0.25f)).Exp());
        Add("RoIAlign, not aligned", typeof(RoiAlign), [Random([1, 5, 6, 17])], x =>
            x[0].RoiAlign(Tensor.From([0, 2.5f, 1, 15, 13f], [1, 5]), new RoiAlignRule(2, 2, 0.25f, 2, IsAligned: false)).Exp());
        Tensor boxes = Tensor.From([0.9f, 1.4f, 2.3f, 5.9f, -0.6f, 0.1f, 3.6f, 4.3f], [2, 4]), deltas = Tensor.From([1.4f, 0.8f, -1.7f, 0.2f, 0.7f, 0.4f, 0.3f, 1.3f, -1, -1.5f, 1.4f, -0.9f, 1.5f, 1.8f, 1, 1.4f], [2, 8]);
        Add("Box decoding, bounded", typeof(BoxDecode), [boxes, deltas], x =>
            x[1].DecodeBoxes(x[0], new BoxDecodeRule((0.5f, 0.4f, 0.3f, 0.2f), (0.1f, 0, 0, -0.1f), 4.3f, 5.1f)));
        foreach (OverlapMode mode in Enum.GetValues<OverlapMode>())
        {
            // No two edges meet: there an overlap has a kink.
            Tensor some = Tensor.From([-0.9f, 1.5f, 4.4f, 4.9f, -0.3f, 1.2f, 4.4f, 4], [2, 4]), others = Tensor.From([0.7f, -0.8f, 2.9f, 6.2f, 1.3f, -0.4f, 2.7f, 7, 1.3f, -1, 2.4f, 6.5f], [3, 4]);
            Add($"Overlaps, {mode}", typeof(BoxOverlaps), [some, others], x => x[0].BoxOverlaps(x[1], mode));
            Add($"Overlaps of pairs, {mode}", typeof(BoxOverlaps), [some.Clone(), others.Slice(0, 0, 2).Clone()], x => x[0].PairedBoxOverlaps(x[1], mode));
        }

        foreach (float gamma in (float[])[2, 1.5f])
            Add($"Focal loss, gamma {gamma}", typeof(FocalLoss), [Random([4, 3])], x => (x[0] * 3).FocalLoss(Tensor.From([2L, 0, 3, 1], [4]), gamma));
        Add("Binary cross-entropy", typeof(SigmoidCrossEntropy), [Random([2, 3])], x => (x[0] * 4).SigmoidCrossEntropy(Tensor.From([0, 1, 0.3f, 1, 0, 0.9f], [2, 3])));
        foreach (float beta in (float[])[0, 0.3f, 1])
            Add($"Smooth L1, beta {beta}", typeof(SmoothL1), [Away([3, 4])], x => (x[0] * 2).SmoothL1(Tensor.Zeros([3, 4]), beta));
        Add("Rotate", typeof(Rotate), [Random([2, 4, 8])], x =>
        {
            (Tensor sin, Tensor cos) = Turns(4, 4);
            return Tensor.Rotate(x[0], sin, cos, 2).Exp();
        });
        Add("Gather of rows by indices of each table", typeof(Gather), [Random([2, 4, 3])], x => x[0].Gather(1, Tensor.From<long>([0, 2, 2, 3, 0, 1], [2, 3, 1])).Exp());
        Add("Gather of rows by indices for all tables", typeof(Gather), [Random([2, 4, 3])], x => x[0].Gather(-2, Tensor.From<long>([3, 3, 0], [3, 1])).Exp());
        Add("The largest elements", typeof(Gather), [Spread([3, 5])], x => x[0].TopK(2).Values.Exp());
        Add("Sum over dimensions apart", typeof(Reduce), [Random([2, 3, 2, 4])], x => x[0].Sum([3, 1]).Exp());
        return cases;
    }

    // Two sequences of seven tokens, padding inside and at the end.
    private static Tensor Mask27() => Tensor.From([1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0f], [2, 7]);

    private static ulong s_stream;

    private static Tensor Random(Shape shape)
    {
        Tensor x = Tensor.Empty(shape);
        new Philox(7, s_stream++).FillUniform(x.AsSpan<float>(), 0);
        foreach (ref float value in x.AsSpan<float>())
            value = (2 * value) - 1;
        return x;
    }

    // In [0.4, 1.4): inside every domain, off every kink.
    private static Tensor Positive(Shape shape)
    {
        Tensor x = Tensor.Empty(shape);
        new Philox(7, s_stream++).FillUniform(x.AsSpan<float>(), 0);
        foreach (ref float value in x.AsSpan<float>())
            value += 0.4f;
        return x;
    }

    // No two within 0.1 of each other.
    private static Tensor Spread(Shape shape)
    {
        Tensor x = Tensor.Empty(shape);
        for (int i = 0; i < x.Count; i++)
            x.AsSpan<float>()[i] = (i * 37 % x.Count * 0.1f) - 2;
        return x;
    }

    // Both signs, at least 0.2 away from 0.
    private static Tensor Away(Shape shape)
    {
        Tensor x = Random(shape);
        foreach (ref float value in x.AsSpan<float>())
            value += value < 0 ? -0.2f : 0.2f;
        return x;
    }

    private static (Tensor Sin, Tensor Cos) Turns(int tokens, int width)
    {
        float[] sin = new float[tokens * width], cos = new float[tokens * width];
        for (int i = 0; i < sin.Length; i++)
            (sin[i], cos[i]) = MathF.SinCos((i / width * 0.7f) + (i % width / 2 * 0.3f));
        return (Tensor.From(sin, [tokens, width]), Tensor.From(cos, [tokens, width]));
    }

    // A batch that is whole.
    private sealed class OnePart : IBatchParts
    {
        public bool MovesStatistics => true;

        public void AddUp(Span<double> values)
        {
        }
    }
}
