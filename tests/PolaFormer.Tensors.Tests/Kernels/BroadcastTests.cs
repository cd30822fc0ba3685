using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class BroadcastTests
{
    private static readonly (Shape A, Shape B)[] s_shapes =
    [
        (new(), new()),
        (new(7), new()),
        (new(), new(33)),
        (new(5, 17), new(5, 17)),
        (new(5, 17), new(17)),
        (new(17), new(5, 17)),
        (new(5, 17), new(5, 1)),
        (new(5, 1), new(1, 17)),
        (new(2, 3, 4, 5), new(3, 1, 5)),
        (new(2, 1, 4, 1), new(1, 3, 1, 5)),
        (new(2, 3, 2, 3, 2, 16), new(2, 1, 2, 1, 2, 1)),
        (new(3, 0, 4), new(1, 4)),
        (new(300, 400), new(400)),
        (new(1, 300, 400), new(3, 1, 400)),
    ];

    private static double Apply(BinaryFunction function, double a, double b) => function switch
    {
        BinaryFunction.Add => a + b,
        BinaryFunction.Subtract => a - b,
        BinaryFunction.Multiply => a * b,
        BinaryFunction.Divide => a / b,
        BinaryFunction.Maximum => Math.Max(a, b),
        BinaryFunction.Minimum => Math.Min(a, b),
        BinaryFunction.Pow => Math.Pow(a, b),
        BinaryFunction.PowGradientBase => b * Math.Pow(a, b - 1),
        BinaryFunction.PowGradientExponent => Math.Pow(a, b) * Math.Log(a),
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    /// <summary>The position in an operand of a position in the output.</summary>
    private static int Source(int position, Shape output, Shape operand)
    {
        int source = 0, stride = 1;
        for (int i = 1; i <= output.Rank; i++)
        {
            (position, int index) = Math.DivRem(position, output[-i]);
            if (i > operand.Rank)
                continue;
            source += operand[-i] == 1 ? 0 : index * stride;
            stride *= operand[-i];
        }

        return source;
    }

    public static TheoryData<string> Functions => [.. Enum.GetNames<BinaryFunction>()];

    [Theory]
    [MemberData(nameof(Functions))]
    public void Every_function_broadcasts_every_pair_of_shapes(string name)
    {
        BinaryFunction function = Enum.Parse<BinaryFunction>(name);
        foreach ((Shape aShape, Shape bShape) in s_shapes)
        {
            Shape yShape = Shape.Broadcast(aShape, bShape);
            using var a = new KernelArray<float>(KernelTesting.Values((int)aShape.Count, 1, 1, 1.5f));
            using var b = new KernelArray<float>(KernelTesting.Values((int)bShape.Count, 2, 1, 1.5f));
            using var y = new KernelArray<float>((int)yShape.Count);
            Broadcast.Binary(function, a.Pointer, aShape, b.Pointer, bShape, y.Pointer, yShape);
            double[] right = [.. Enumerable.Range(0, y.Length).Select(i => Apply(function, a[Source(i, yShape, aShape)], b[Source(i, yShape, bShape)]))];
            KernelTesting.AssertClose(right, y.Span, 1e-6, 1e-6);
        }
    }

    [Fact]
    public void Rejects_an_output_of_another_shape()
    {
        using var values = new KernelArray<float>(9);
        float* p = values.Pointer;
        Assert.Throws<ArgumentException>(() => Broadcast.Binary(BinaryFunction.Add, p, new Shape(2, 3), p, new Shape(3), p, new Shape(3, 3)));
    }

    [Fact]
    public void Maximum_and_minimum_keep_nan_from_either_side()
    {
        float[] a = [float.NaN, 1, float.NaN], b = [1, float.NaN, float.NaN], y = new float[3];
        fixed (float* pa = a, pb = b, py = y)
        {
            Broadcast.Binary(BinaryFunction.Maximum, pa, new Shape(3), pb, new Shape(3), py, new Shape(3));
            Assert.Equal([float.NaN, float.NaN, float.NaN], y);
            Broadcast.Binary(BinaryFunction.Minimum, pa, new Shape(3), pb, new Shape(3), py, new Shape(3));
            Assert.Equal([float.NaN, float.NaN, float.NaN], y);
        }
    }

    [Theory]
    [InlineData(0f, 1f, 0f, 1f, 0f)]
    [InlineData(0f, 1.0000001f, 0f, 0f, 0f)]
    [InlineData(0f, 1.5f, 0f, 0f, 0f)]
    [InlineData(0f, 2f, 0f, 0f, 0f)]
    [InlineData(0f, 8f, 0f, 0f, 0f)]
    [InlineData(0f, 0.5f, 0f, float.PositiveInfinity, 0f)]
    [InlineData(0f, 0f, 1f, 0f, 0f)]
    [InlineData(1f, 3.7f, 1f, 3.7f, 0f)]
    [InlineData(2f, 5f, 32f, 80f, 22.180709838867188f)]
    [InlineData(0.5f, 0f, 1f, 0f, -0.6931471824645996f)]
    public void Power_and_its_gradients_are_exact_where_the_base_is_zero(float a, float b, float value, float da, float db)
    {
        float y, one = 1, gradientA, gradientB;
        var scalar = new Shape(1);
        Broadcast.Binary(BinaryFunction.Pow, &a, scalar, &b, scalar, &y, scalar);
        Broadcast.PowBackward(&a, scalar, &b, scalar, &one, scalar, &gradientA, &gradientB);
        Assert.Equal(value, y);
        Assert.Equal(da, gradientA, MathF.Abs(float.IsInfinity(da) ? 0 : da) * 3e-7f);
        Assert.Equal(db, gradientB, MathF.Abs(db) * 3e-7f);
    }

    [Fact]
    public void Sums_a_gradient_to_the_shape_of_either_operand()
    {
        foreach ((Shape aShape, Shape bShape) in s_shapes)
        {
            Shape yShape = Shape.Broadcast(aShape, bShape);
            using var y = new KernelArray<float>(KernelTesting.Values((int)yShape.Count, 5));
            foreach (Shape target in (Shape[])[aShape, bShape])
            {
                using var sum = new KernelArray<float>((int)target.Count);
                Broadcast.SumTo(y.Pointer, yShape, sum.Pointer, target);
                double[] right = new double[target.Count];
                for (int i = 0; i < y.Length; i++)
                    right[Source(i, yShape, target)] += y[i];
                KernelTesting.AssertClose(right, sum.Span, 1e-6, 1e-5);
            }
        }
    }

    [Fact]
    public void Results_are_alike_for_any_thread_count()
    {
        var shape = new Shape(40, 50, 60);
        var row = new Shape(50, 1);
        float[] values = KernelTesting.Values((int)shape.Count, 1), other = KernelTesting.Values(50, 2);
        KernelTesting.AssertSameForAnyThreadCount(() =>
        {
            using var a = new KernelArray<float>(values);
            using var b = new KernelArray<float>(other);
            using var sum = new KernelArray<float>(50);
            Broadcast.Binary(BinaryFunction.Multiply, a.Pointer, shape, b.Pointer, row, a.Pointer, shape);
            Broadcast.SumTo(a.Pointer, shape, sum.Pointer, row);
            return [.. a.Span, .. sum.Span];
        });
    }
}
