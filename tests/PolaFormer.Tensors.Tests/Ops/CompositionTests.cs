using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Tests.Ops;

/// <summary>
/// Fused operators against what they are composed of: outputs and gradients; attention for every head size of the models and for
/// odd ones.
/// </summary>
[Trait(InstructionSetTests.Size, InstructionSetTests.Long)]
public class CompositionTests
{
    private const double Tolerance = 2e-5;

    public static TheoryData<int, int, int, int> Sizes => new()
    {
        { 1, 16, 49, 49 },
        { 2, 32, 60, 15 },
        { 3, 32, 49, 49 },
        { 1, 64, 131, 131 },
        { 5, 64, 50, 7 },
        { 1, 96, 67, 67 },
        { 2, 80, 33, 33 },
        { 2, 9, 30, 30 },
        { 3, 17, 49, 13 },
        { 2, 3, 12, 12 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Polarity(int heads, int headDim, int queries, int keys)
    {
        int dim = heads * headDim;
        Compare(
            [Signed([2, queries, 2 * dim], 1), Signed([2, keys, 2 * dim], 2), Signed([1, keys, dim], 3), Positive([dim], 4), Positive([dim], 5) + 1],
            x => Tensor.PolarityAttention(new Columns(x[0], 0, dim), new Columns(x[1], 0, dim), new Columns(x[1], dim, dim), x[2], x[3], x[4], heads));
    }

    [Theory]
    [InlineData(2, 32, 300, 700)]
    [InlineData(1, 16, 9, 9)]
    [InlineData(3, 17, 20, 200)]
    public void PolarityOfPaddedKeys(int heads, int headDim, int queries, int keys)
    {
        int dim = heads * headDim;
        Tensor mask = Tensor.From([.. Enumerable.Range(0, 3 * keys).Select(i => i / keys is 2 || (i % keys < 5 + (i / keys * 100) && i % 3 > 0) ? 1f : 0)], [3, keys]);
        Compare(
            [Signed([3, queries, 2 * dim], 1), Signed([3, keys, 2 * dim], 2), Positive([dim], 4), Positive([dim], 5) + 1],
            x => Tensor.PolarityAttention(new Columns(x[0], 0, dim), new Columns(x[1], 0, dim), new Columns(x[1], dim, dim), null, x[2], x[3], heads, mask));
    }

    [Theory]
    [InlineData(2, 32, 300, 700, true)]
    [InlineData(3, 16, 49, 49, false)]
    [InlineData(2, 20, 60, 15, true)]
    [InlineData(1, 9, 30, 30, true)]
    [InlineData(8, 40, 100, 90, false)]
    public void Linear(int heads, int headDim, int queries, int keys, bool isMasked)
    {
        int dim = heads * headDim;
        Tensor? mask = isMasked ? Tensor.From([.. Enumerable.Range(0, 3 * keys).Select(i => i / keys is 2 || (i % keys < 5 + (i / keys * 100) && i % 3 > 0) ? 1f : 0)], [3, keys]) : null;
        Tensor[] inputs = [Signed([3, queries, 2 * dim], 1), Signed([3, keys, 2 * dim], 2), Signed([1, keys, dim], 3), Positive([dim], 4)];
        Compare(inputs[..2], x => Tensor.EluAttention(new Columns(x[0], 0, dim), new Columns(x[1], 0, dim), new Columns(x[1], dim, dim), heads, 1e-6f, mask));
        Compare(inputs, x => Tensor.FocusedAttention(new Columns(x[0], 0, dim), new Columns(x[1], 0, dim), new Columns(x[1], dim, dim), x[2], x[3], 3, heads, 1e-6f * keys, mask));
    }

    [Fact]
    public void ASequenceIsAnImageOfOneLine()
    {
        Tensor x = Signed([2, 70, 24], 1), kernel = Signed([6, 1, 1, 5], 2), bias = Signed([6], 3);
        Tensor square = Tensor.Zeros([6, 1, 5, 5]);
        for (int i = 0; i < 30; i++)
            square.AsSpan<float>()[(i / 5 * 25) + 10 + (i % 5)] = kernel.AsSpan<float>()[i];
        float[] image = Tensor.DepthwiseConv2d(x.Reshape(2, 1, 70, 24), square, bias).ToArray();
        Assert.Equal(image, Tensor.DepthwiseConv1d(x, kernel.Reshape(6, 1, 5), bias).ToArray());
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void PolarityPlusPlus(int heads, int headDim, int tokens, int _)
    {
        int dim = heads * headDim;
        Tensor sin = Signed([tokens, 2 * headDim], 8), cos = Signed([tokens, 2 * headDim], 9);
        Compare(
            [Signed([2, tokens, 4 * dim], 1), Positive([2 * dim], 2), Positive([2 * dim], 3)],
            x => Tensor.PolarityAttentionPlusPlus(new Columns(x[0], 0, dim), new Columns(x[0], dim, dim), new Columns(x[0], 2 * dim, dim), x[1], x[2], sin, cos, heads));
    }

    [Theory]
    [InlineData(2, 16, 9, 9)]
    [InlineData(3, 32, 20, 33)]
    public void SoftmaxOfMaskedKeys(int heads, int headDim, int queries, int keys)
    {
        int dim = heads * headDim;
        Tensor mask = Tensor.From([.. Enumerable.Range(0, 2 * keys).Select(i => i % keys < 5 + (i / keys) ? 0 : float.NegativeInfinity)], [2, 1, keys]);
        Compare(
            [Signed([4, queries, dim], 1), Signed([4, keys, 2 * dim], 2)],
            x => Tensor.SoftmaxAttention(x[0], new Columns(x[1], 0, dim), new Columns(x[1], dim, dim), heads, 1 / MathF.Sqrt(headDim), mask: mask));
    }

    [Theory]
    [InlineData("softmax")]
    [InlineData("polarity")]
    [InlineData("elu")]
    [InlineData("focused")]
    public void PaddedSequencesWhoseResultsDoNotCount(string kind)
    {
        const int tokens = 400, dim = 64;
        int[] lengths = [150, 400, 0, 397];
        Tensor mask = Tensor.From([.. Enumerable.Range(0, 4 * tokens).Select(i => i % tokens < lengths[i / tokens] ? 1f : 0)], [4, tokens]);
        Tensor scores = mask.Affine(1e6f, -1e6f).Reshape(4, 1, tokens);
        Compare([Signed([4, tokens, 3 * dim], 1), Positive([dim], 4), Positive([dim], 5) + 1], x =>
        {
            Columns query = new(x[0], 0, dim), key = new(x[0], dim, dim), value = new(x[0], 2 * dim, dim);
            Tensor y = kind switch
            {
                "softmax" => Tensor.SoftmaxAttention(query, key, value, 2, 0.2f, mask: scores) + (x[1] * x[2]),
                "polarity" => Tensor.PolarityAttention(query, key, value, null, x[1], x[2], 2, mask),
                "elu" => Tensor.EluAttention(query, key, value, 2, 1e-6f, mask) + (x[1] * x[2]),
                _ => Tensor.FocusedAttention(query, key, value, null, x[1], 3, 2, 1e-6f * tokens, mask) + x[2],
            };
            return y * mask.Reshape(4, tokens, 1);
        });
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Softmax(int heads, int headDim, int queries, int keys)
    {
        int dim = heads * headDim;
        Tensor mask = Signed([2, queries, keys], 7);
        Compare(
            [Signed([4, queries, dim], 1), Signed([4, keys, 2 * dim], 2), Signed([heads, queries, keys], 3)],
            x => Tensor.SoftmaxAttention(x[0], new Columns(x[1], 0, dim), new Columns(x[1], dim, dim), heads, 1 / MathF.Sqrt(headDim), x[2], mask));
    }

    [Theory]
    [InlineData(2, 32, 70, 70)]
    [InlineData(1, 5, 300, 1003)]
    public void SoftmaxWhoseWeightsAreDropped(int heads, int headDim, int queries, int keys)
    {
        int dim = heads * headDim;
        Tensor mask = Tensor.From([.. Enumerable.Range(0, 2 * keys).Select(i => i % keys < keys - (9 * (i / keys)) ? 0 : -1e6f)], [2, 1, keys]);
        Compare(
            [Signed([2, queries, dim], 1), Signed([2, keys, 2 * dim], 2)],
            x => Tensor.SoftmaxAttention(x[0], new Columns(x[1], 0, dim), new Columns(x[1], dim, dim), heads, 1 / MathF.Sqrt(headDim), mask: mask, drop: (0.1f, new Philox(3, 4))));
    }

    [Theory]
    [InlineData(8, 5, 3, 1)]
    [InlineData(8, 5, 1, 1)]
    [InlineData(8, 6, 3, 2)]
    [InlineData(8, 8, 3, 8)]
    public void WhatAConvolutionAddsOnTheWay(int inputs, int outputs, int kernel, int groups)
    {
        Tensor x = Signed([2, 6, 17, inputs], 1), weight = Signed([outputs, inputs / groups, kernel, kernel], 2), bias = Signed([outputs], 3), residual = Signed([2, 6, 17, outputs], 4);
        AssertSame(
            (residual + x.Conv2d(weight, bias, padding: kernel / 2, groups: groups)).Relu(),
            x.Conv2d(weight, bias, padding: kernel / 2, groups: groups, activation: Activation.Relu, residual: residual));
    }

    [Fact]
    public void WhatAnInterpolationAddsOnTheWay()
    {
        Tensor x = Signed([2, 3, 4, 37], 1), addend = Signed([2, 7, 9, 37], 2);
        AssertSame(addend + x.Interpolate(7, 9, InterpolationMode.Bilinear), x.Interpolate(7, 9, InterpolationMode.Bilinear, addend: addend));
    }

    [Fact]
    public void EveryOperatorEqualsItsComposition()
    {
        foreach (GradientCases.Case item in GradientCases.Make())
            Compare(item.Inputs, item.Apply);
    }

    private static void AssertSame(Tensor expected, Tensor actual)
    {
        float[] values = expected.ToArray();
        double error = values.Zip(actual.ToArray(), (a, b) => Math.Abs((double)a - b)).Max();
        Assert.True(error <= Tolerance * values.Max(Math.Abs), $"{error:E1} apart");
    }

    private static void Compare(Tensor[] inputs, Func<Tensor[], Tensor> apply)
    {
        float[][] fused = Run(inputs, apply);
        Composition.IsForced = true;
        try
        {
            float[][] composed = Run(inputs, apply);
            for (int i = 0; i < fused.Length; i++)
            {
                double scale = composed[i].Max(Math.Abs);
                double error = fused[i].Zip(composed[i], (a, b) => Math.Abs((double)a - b)).Max();
                Assert.True(error <= Tolerance * scale, $"{(i == 0 ? "output" : $"gradient {i - 1}")}: {error / scale:E1} of the largest value");
            }
        }
        finally
        {
            Composition.IsForced = false;
        }
    }

    private static float[][] Run(Tensor[] inputs, Func<Tensor[], Tensor> apply)
    {
        foreach (Tensor input in inputs)
        {
            input.RequiresGrad = true;
            input.ZeroGrad();
        }

        using (MemoryScope.Enter())
        using (var tape = Tape.Start())
        {
            Tensor y = apply(inputs);
            float[] output = y.ToArray();
            tape.Backward(y, Signed(y.Shape, 20));
            return [output, .. inputs.Select(input => input.Grad!.ToArray())];
        }
    }

    private static Tensor Signed(Shape shape, ulong stream)
    {
        Tensor x = Positive(shape, stream);
        foreach (ref float value in x.AsSpan<float>())
            value = (2 * value) - 1;
        return x;
    }

    private static Tensor Positive(Shape shape, ulong stream)
    {
        Tensor x = Tensor.Empty(shape);
        new Philox(3, stream).FillUniform(x.AsSpan<float>(), 0);
        return x;
    }
}
