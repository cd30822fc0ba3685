using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Tests.Core;

public class ElementwiseKernelTests
{
    private const int Count = 303;

    [Theory]
    [MemberData(nameof(Functions))]
    public void Functions_and_gradients_match_the_processors(UnaryFunction function, string storage)
    {
        StorageType type = Enum.Parse<StorageType>(storage);
        var random = new Random((int)function);
        bool positive = function is UnaryFunction.Log or UnaryFunction.Sqrt or UnaryFunction.Rsqrt or UnaryFunction.Reciprocal;
        HostTensor x = New(), y = new(type, 1, 1, Count), dy = New(), dx = new(type, 1, 1, Count);
        for (int i = 0; i < Count; i++)
        {
            x[0, 0, i] = positive ? (float)(0.1 + (4 * random.NextDouble())) : (float)((8 * random.NextDouble()) - 4);
            dy[0, 0, i] = (float)((2 * random.NextDouble()) - 1);
        }

        var queue = new FibreQueue(order: 0);
        ElementwiseKernels.Unary(queue, type, function, x.Address, y.Address, Count);
        ElementwiseKernels.UnaryGradient(queue, type, function, x.Address, y.Address, dy.Address, dx.Address, Count);

        (double[] expected, double[] gradient) = OnTheProcessor(function, x.ToDoubles(), dy.ToDoubles());
        double tolerance = type == StorageType.Float ? 2e-6 : 5e-3;
        Distance.AssertWithin(tolerance, expected, y.ToDoubles(), $"{function}");
        Distance.AssertWithin(type == StorageType.Float ? 4e-6 : 2e-2, gradient, dx.ToDoubles(), $"{function}'");
        y.AssertSurroundingsUntouched();

        HostTensor New() => new(type, 1, 1, Count);
    }

    public static TheoryData<UnaryFunction, string> Functions()
    {
        var data = new TheoryData<UnaryFunction, string>();
        foreach (UnaryFunction function in Enum.GetValues<UnaryFunction>())
        {
            data.Add(function, "Float");
            if (function is UnaryFunction.Gelu or UnaryFunction.Silu or UnaryFunction.Exp)
                data.Add(function, "BFloat16");
        }

        return data;
    }

    [Theory]
    [InlineData(BinaryFunction.Add)]
    [InlineData(BinaryFunction.Divide)]
    [InlineData(BinaryFunction.Maximum)]
    [InlineData(BinaryFunction.Minimum)]
    [InlineData(BinaryFunction.Pow)]
    [InlineData(BinaryFunction.PowGradientBase)]
    [InlineData(BinaryFunction.PowGradientExponent)]
    public void Functions_of_two_broadcast(BinaryFunction function)
    {
        var random = new Random(5);
        HostFloats x = HostFloats.Random(random, 2 * 3 * 4, 0.2, 2), y = HostFloats.Random(random, 4, 0.5, 3), result = new(24);

        // (2, 3, 4) and (4), the second repeated.
        ElementwiseKernels.Binary(new FibreQueue(order: 0), StorageType.Float, function, x.Address, y.Address, result.Address, new Walk([2, 3, 4], [12, 4, 1], [0, 0, 1]));

        double[] expected = [.. x.ToDoubles().Select((a, i) => Value(function, a, y.ToDoubles()[i % 4]))];
        Distance.AssertWithin(2e-6, expected, result.ToDoubles(), $"{function}");
        result.AssertSurroundingsUntouched();
    }

    [Fact]
    public void Powers_at_zero_and_of_negative_numbers_are_torchs()
    {
        float[] a = [0, 0, 0, -2, -2, -2, 3], b = [2, 0, -1, 3, 2, 0.5f, 0];
        HostFloats x = new(a), y = new(b), result = new(7);

        ElementwiseKernels.Binary(new FibreQueue(order: 0), StorageType.Float, BinaryFunction.Pow, x.Address, y.Address, result.Address, new Walk([7], [1], [1]));

        Assert.Equal([0, 1, float.PositiveInfinity, -8, 4, float.NaN, 1], result.Span.ToArray().Select(value => MathF.Round(value, 4)));
    }

    [Fact]
    public void Sums_with_factors_and_conversions()
    {
        var queue = new FibreQueue(order: 0);
        HostFloats x = new([1, 2, 3]), y = new([10, 20, 30]), z = new(3);
        HostTensor half = new(StorageType.BFloat16, 1, 1, 3);

        ElementwiseKernels.Affine(queue, StorageType.Float, x.Address, 2, 1, z.Address, 3);
        ElementwiseKernels.AddScaled(queue, StorageType.Float, x.Address, 3, y.Address, 0.5f, 3);
        ElementwiseKernels.Convert(queue, StorageType.Float, y.Address, half.Address, 3);

        Assert.Equal([3, 5, 7], z.Span.ToArray());
        Assert.Equal([8, 16, 24], y.Span.ToArray());
        Assert.Equal([8, 16, 24], half.ToDoubles());
    }

    private static (double[], double[]) OnTheProcessor(UnaryFunction function, double[] x, double[] dy)
    {
        double Value(double v) => function switch
        {
            UnaryFunction.Negate => -v,
            UnaryFunction.Abs => Math.Abs(v),
            UnaryFunction.Exp => Math.Exp(v),
            UnaryFunction.ExpMinusOneAsWritten => Math.Exp(v) - 1,
            UnaryFunction.Log => Math.Log(v),
            UnaryFunction.Sqrt => Math.Sqrt(v),
            UnaryFunction.Rsqrt => 1 / Math.Sqrt(v),
            UnaryFunction.Reciprocal => 1 / v,
            UnaryFunction.Square => v * v,
            UnaryFunction.Sin => Math.Sin(v),
            UnaryFunction.Cos => Math.Cos(v),
            UnaryFunction.Tanh => Math.Tanh(v),
            UnaryFunction.Sigmoid => 1 / (1 + Math.Exp(-v)),
            UnaryFunction.Softplus => Math.Log(1 + Math.Exp(v)),
            UnaryFunction.Relu => Math.Max(v, 0),
            UnaryFunction.Gelu => v * (1 + Erf(v / Math.Sqrt(2))) / 2,
            UnaryFunction.Silu => v / (1 + Math.Exp(-v)),
            UnaryFunction.Elu => v > 0 ? v : Math.Exp(v) - 1,
            UnaryFunction.Erf => Erf(v),
            _ => throw new ArgumentOutOfRangeException(nameof(function)),
        };
        const double Step = 1e-4;
        return ([.. x.Select(Value)], [.. x.Zip(dy, (v, g) => g * (Math.Abs(v) < Step ? 0 : (Value(v + Step) - Value(v - Step)) / (2 * Step)))]);
    }

    private static double Value(BinaryFunction function, double a, double b) => function switch
    {
        BinaryFunction.Add => a + b,
        BinaryFunction.Divide => a / b,
        BinaryFunction.Maximum => Math.Max(a, b),
        BinaryFunction.Minimum => Math.Min(a, b),
        BinaryFunction.Pow => Math.Pow(a, b),
        BinaryFunction.PowGradientBase => b * Math.Pow(a, b - 1),
        _ => Math.Pow(a, b) * Math.Log(a),
    };

    /// <summary>The series, which converges for the few units that are asked for.</summary>
    private static double Erf(double x)
    {
        double term = x, sum = x;
        for (int n = 1; n < 200; n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }
}
