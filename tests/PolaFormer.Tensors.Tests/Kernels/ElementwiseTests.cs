using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class ElementwiseTests
{
    /// <summary>f and f′ in double precision, and the largest error allowed relative to |f| and absolutely.</summary>
    private static (Func<double, double> Value, Func<double, double> Gradient, bool Positive) Reference(UnaryFunction function) => function switch
    {
        UnaryFunction.Negate => (x => -x, _ => -1, false),
        UnaryFunction.Abs => (Math.Abs, x => Math.Sign(x), false),
        UnaryFunction.Exp => (Math.Exp, Math.Exp, false),
        UnaryFunction.ExpMinusOneAsWritten => (x => Math.Exp(x) - 1, Math.Exp, false),
        UnaryFunction.Log => (Math.Log, x => 1 / x, true),
        UnaryFunction.Sqrt => (Math.Sqrt, x => 0.5 / Math.Sqrt(x), true),
        UnaryFunction.Rsqrt => (x => 1 / Math.Sqrt(x), x => -0.5 * Math.Pow(x, -1.5), true),
        UnaryFunction.Reciprocal => (x => 1 / x, x => -1 / (x * x), true),
        UnaryFunction.Square => (x => x * x, x => 2 * x, false),
        UnaryFunction.Sin => (Math.Sin, Math.Cos, false),
        UnaryFunction.Cos => (Math.Cos, x => -Math.Sin(x), false),
        UnaryFunction.Tanh => (Math.Tanh, x => 1 - (Math.Tanh(x) * Math.Tanh(x)), false),
        UnaryFunction.Sigmoid => (ReferenceMath.Sigmoid, x => ReferenceMath.Sigmoid(x) * ReferenceMath.Sigmoid(-x), false),
        UnaryFunction.Softplus => (ReferenceMath.Softplus, x => x > 20 ? 1 : ReferenceMath.Sigmoid(x), false),
        UnaryFunction.Relu => (x => Math.Max(0, x), x => x > 0 ? 1 : 0, false),
        UnaryFunction.Gelu => (x => x * ReferenceMath.Phi(x), x => ReferenceMath.Phi(x) + (x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI)), false),
        UnaryFunction.Silu => (x => x * ReferenceMath.Sigmoid(x), x => ReferenceMath.Sigmoid(x) * (1 + (x * ReferenceMath.Sigmoid(-x))), false),
        UnaryFunction.Elu => (x => x > 0 ? x : Math.Exp(x) - 1, x => x > 0 ? 1 : Math.Exp(x), false),
        UnaryFunction.Erf => (ReferenceMath.Erf, x => 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x), false),
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    public static TheoryData<string> Functions => [.. Enum.GetNames<UnaryFunction>()];

    [Theory]
    [MemberData(nameof(Functions))]
    public void Values_and_gradients_follow_the_formula_at_every_length(string name)
    {
        UnaryFunction function = Enum.Parse<UnaryFunction>(name);
        (Func<double, double> value, Func<double, double> gradient, bool positive) = Reference(function);
        foreach (int length in KernelTesting.Lengths)
        {
            float[] input = KernelTesting.Values(length, length, 6);
            if (positive)
                input = Array.ConvertAll(input, v => MathF.Abs(v) + 0.01f);
            if (length > 2 && !positive)
                input[2] = 0;
            using var x = new KernelArray<float>(input);
            using var y = new KernelArray<float>(length);
            using var dy = new KernelArray<float>(KernelTesting.Values(length, length + 1));
            using var dx = new KernelArray<float>(length);

            Elementwise.Unary(function, x.Pointer, y.Pointer, length);
            Elementwise.UnaryBackward(
                function,
                Elementwise.BackwardReadsInput(function) ? x.Pointer : null,
                Elementwise.BackwardReadsOutput(function) ? y.Pointer : null,
                dy.Pointer, dx.Pointer, length);

            KernelTesting.AssertClose(Array.ConvertAll(input, v => value(v)), y.Span, 4e-7, 4e-7);
            KernelTesting.AssertClose([.. input.Select((v, i) => gradient(v) * dy[i])], dx.Span, 1e-6, 6e-7);
        }
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Works_in_place_and_alike_for_any_thread_count(string name)
    {
        UnaryFunction function = Enum.Parse<UnaryFunction>(name);
        float[] input = KernelTesting.Values(100_003, 7, 3);
        KernelTesting.AssertSameForAnyThreadCount(() =>
        {
            using var x = new KernelArray<float>(input);
            Elementwise.Unary(function, x.Pointer, x.Pointer, input.Length);
            return x.ToArray();
        });
    }

    [Theory]
    [InlineData("Abs", 0f, 0f, 0f)]
    [InlineData("Exp", float.NegativeInfinity, 0f, 0f)]
    [InlineData("ExpMinusOneAsWritten", float.NegativeInfinity, -1f, 0f)]
    [InlineData("ExpMinusOneAsWritten", 0f, 0f, 1f)]
    [InlineData("Log", 0f, float.NegativeInfinity, float.PositiveInfinity)]
    [InlineData("Sqrt", 0f, 0f, float.PositiveInfinity)]
    [InlineData("Rsqrt", float.PositiveInfinity, 0f, 0f)]
    [InlineData("Reciprocal", float.PositiveInfinity, 0f, 0f)]
    [InlineData("Tanh", float.NegativeInfinity, -1f, 0f)]
    [InlineData("Sigmoid", float.PositiveInfinity, 1f, 0f)]
    [InlineData("Sigmoid", float.NegativeInfinity, 0f, 0f)]
    [InlineData("Softplus", float.PositiveInfinity, float.PositiveInfinity, 1f)]
    [InlineData("Softplus", float.NegativeInfinity, 0f, 0f)]
    [InlineData("Softplus", 20.5f, 20.5f, 1f)]
    [InlineData("Relu", 0f, 0f, 0f)]
    [InlineData("Relu", float.NaN, float.NaN, 0f)]
    [InlineData("Relu", float.PositiveInfinity, float.PositiveInfinity, 1f)]
    [InlineData("Gelu", 0f, 0f, 0.5f)]
    [InlineData("Silu", 0f, 0f, 0.5f)]
    [InlineData("Elu", float.NegativeInfinity, -1f, 0f)]
    [InlineData("Elu", 0f, 0f, 1f)]
    [InlineData("Erf", float.PositiveInfinity, 1f, 0f)]
    public void Value_and_gradient_at_the_limits(string name, float input, float value, float gradient)
    {
        UnaryFunction function = Enum.Parse<UnaryFunction>(name);
        float y, one = 1, dx;
        Elementwise.Unary(function, &input, &y, 1);
        Elementwise.UnaryBackward(function, &input, &y, &one, &dx, 1);
        Assert.Equal(value, y);
        Assert.Equal(gradient, dx);
    }

    [Fact]
    public void Arithmetic_follows_the_formula_at_every_length()
    {
        foreach (int length in KernelTesting.Lengths)
        {
            using var a = new KernelArray<float>(KernelTesting.Values(length, 1));
            using var b = new KernelArray<float>(KernelTesting.Values(length, 2));
            float[] start = KernelTesting.Values(length, 3);
            using var y = new KernelArray<float>(start);
            Elementwise.AddScaled(0.5f, a.Pointer, -2f, y.Pointer, length);
            KernelTesting.AssertClose([.. start.Select((v, i) => (0.5 * a[i]) - (2.0 * v))], y.Span, 1e-6, 1e-6);

            start.CopyTo(y.Span);
            Elementwise.MultiplyAccumulate(a.Pointer, b.Pointer, y.Pointer, length);
            KernelTesting.AssertClose([.. start.Select((v, i) => v + ((double)a[i] * b[i]))], y.Span, 1e-6, 1e-6);

            Elementwise.Fill(y.Pointer, float.NaN, length);
            Elementwise.AddScaled(3f, a.Pointer, 0f, y.Pointer, length);
            KernelTesting.AssertClose([.. a.ToArray().Select(v => 3.0 * v)], y.Span, 1e-6, 0);
        }
    }
}
