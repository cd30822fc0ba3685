using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class ReductionTests
{
    public static TheoryData<int, int, int> Extents => new()
    {
        { 1, 0, 1 }, { 1, 1, 1 }, { 3, 17, 1 }, { 1, 100_003, 1 }, { 5, 3000, 1 }, { 2, 40_000, 1 }, { 70, 33, 1 },
        { 1, 3, 5 }, { 4, 49, 15 }, { 1, 5000, 64 }, { 1, 5000, 65 }, { 3, 1000, 130 }, { 40, 9, 33 }, { 0, 3, 4 }, { 2, 0, 3 },
    };

    [Theory]
    [MemberData(nameof(Extents))]
    public void Sums_are_close_to_those_in_double(int outer, int reduce, int inner)
    {
        // All positive, so that the relative error of the sum is the error of its order.
        using var x = new KernelArray<float>(KernelTesting.Values(outer * reduce * inner, 3, 1, 1));
        using var y = new KernelArray<float>(outer * inner);
        double[] right = new double[outer * inner];
        for (int o = 0; o < outer; o++)
            for (int r = 0; r < reduce; r++)
                for (int i = 0; i < inner; i++)
                    right[(o * inner) + i] += x[(((o * reduce) + r) * inner) + i];

        Reduction.Sum(x.Pointer, outer, reduce, inner, y.Pointer);
        KernelTesting.AssertClose(right, y.Span, 4e-7, 0);
        Reduction.Mean(x.Pointer, outer, reduce, inner, y.Pointer);
        KernelTesting.AssertClose(Array.ConvertAll(right, v => v / reduce), y.Span, 5e-7, 0);
    }

    [Theory]
    [MemberData(nameof(Extents))]
    public void Maximum_is_the_first_largest_and_its_gradient_goes_there(int outer, int reduce, int inner)
    {
        if (reduce == 0)
            return;
        // Few different values: ties are common.
        float[] values = Array.ConvertAll(KernelTesting.Values(outer * reduce * inner, 4, 20), MathF.Round);
        using var x = new KernelArray<float>(values);
        using var y = new KernelArray<float>(outer * inner);
        using var index = new KernelArray<int>(outer * inner);
        Reduction.Max(x.Pointer, outer, reduce, inner, y.Pointer, index.Pointer);
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < inner; i++)
            {
                float[] column = [.. Enumerable.Range(0, reduce).Select(r => values[(((o * reduce) + r) * inner) + i])];
                Assert.Equal(column.Max(), y[(o * inner) + i]);
                Assert.Equal(Array.IndexOf(column, column.Max()), index[(o * inner) + i]);
            }
        }

        using var dx = new KernelArray<float>(values.Length);
        Reduction.MaxBackward(y.Pointer, index.Pointer, outer, reduce, inner, dx.Pointer);
        for (int p = 0; p < values.Length; p++)
        {
            int o = p / (reduce * inner), r = p / inner % reduce, i = p % inner;
            Assert.Equal(index[(o * inner) + i] == r ? y[(o * inner) + i] : 0, dx[p]);
        }
    }

    [Fact]
    public void Maximum_keeps_nan()
    {
        float[] x = [1, 2, float.NaN, 4, 0, -1], y = new float[3];
        int[] index = new int[3];
        fixed (float* px = x, py = y)
        fixed (int* pi = index)
        {
            Reduction.Max(px, 2, 3, 1, py, pi);
            Assert.Equal([float.NaN, 4f], y[..2]);
            Assert.Equal([2, 0], index[..2]);
            Reduction.Max(px, 1, 2, 3, py, pi);
            Assert.Equal([4f, 2f, float.NaN], y);
            Assert.Equal([1, 0, 0], index);
        }
    }

    [Fact]
    public void Dot_and_norm_are_close_to_those_in_double_at_every_length()
    {
        foreach (int length in KernelTesting.Lengths)
        {
            using var a = new KernelArray<float>(KernelTesting.Values(length, 1, 1, 1));
            using var b = new KernelArray<float>(KernelTesting.Values(length, 2, 1, 1));
            double dot = a.ToArray().Zip(b.ToArray(), (x, y) => (double)x * y).Sum(), squares = a.ToArray().Sum(x => (double)x * x);
            Assert.Equal(dot, Reduction.Dot(a.Pointer, b.Pointer, length), dot * 3e-7);
            Assert.Equal(squares, Reduction.SumOfSquares(a.Pointer, length), squares * 3e-7);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Finds_a_value_that_is_not_finite(float bad)
    {
        foreach (int length in KernelTesting.Lengths.Where(l => l is > 0 and < 2000))
        {
            float[] values = KernelTesting.Values(length, length, 3e38f);
            using var x = new KernelArray<float>(values);
            Assert.True(Reduction.AllFinite(x.Pointer, length));
            x.Span[length / 2] = bad;
            Assert.False(Reduction.AllFinite(x.Pointer, length));
        }
    }

    [Fact]
    public void Results_are_alike_for_any_thread_count()
    {
        float[] values = KernelTesting.Values(3 * 5000 * 20, 9);
        KernelTesting.AssertSameForAnyThreadCount(() =>
        {
            using var x = new KernelArray<float>(values);
            using var y = new KernelArray<float>(100);
            y.Span.Clear();
            Reduction.Sum(x.Pointer, 3, 5000, 20, y.Pointer);
            Reduction.Sum(x.Pointer, 1, values.Length, 1, y.Pointer + 60);
            y.Span[61] = (float)Reduction.Dot(x.Pointer, x.Pointer, values.Length);
            return y.ToArray();
        });
    }
}
