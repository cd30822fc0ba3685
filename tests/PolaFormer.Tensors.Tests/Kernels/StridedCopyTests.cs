using System.Numerics;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Tests.Kernels;

public unsafe class StridedCopyTests
{
    private static nint[] Contiguous(int[] shape)
    {
        nint[] strides = new nint[shape.Length];
        nint stride = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= shape[i];
        }

        return strides;
    }

    /// <summary>Calls back with every index's offsets under two sets of strides.</summary>
    private static void ForEach(int[] shape, nint[] a, nint[] b, Action<int, int> visit)
    {
        int count = shape.Aggregate(1, (p, e) => p * e);
        for (int p = 0; p < count; p++)
        {
            int rest = p;
            nint x = 0, y = 0;
            for (int i = shape.Length - 1; i >= 0; i--)
            {
                (rest, int index) = Math.DivRem(rest, shape[i]);
                x += index * a[i];
                y += index * b[i];
            }

            visit((int)x, (int)y);
        }
    }

    private static void CheckPermute<T>(int[] shape, int[] order) where T : unmanaged, INumber<T>
    {
        int count = shape.Aggregate(1, (p, e) => p * e);
        T[] values = [.. Enumerable.Range(0, count).Select(i => T.CreateTruncating(i % 100))];
        using var x = new KernelArray<T>(values);
        using var y = new KernelArray<T>(count);
        int[] permuted = Array.ConvertAll(order, o => shape[o]);
        nint[] source = Array.ConvertAll(order, o => Contiguous(shape)[o]), target = Contiguous(permuted);
        StridedCopy.Run(x.Pointer, source, y.Pointer, target, permuted, sizeof(T));
        T[] right = new T[count];
        ForEach(permuted, source, target, (from, to) => right[to] = values[from]);
        KernelTesting.AssertSameBits<T>(right, y.Span);
    }

    [Fact]
    public void Permutes_in_every_order_and_element_size()
    {
        int[][] shapes = [[1], [17], [3, 5], [33, 70], [300, 200], [2, 3, 5], [4, 49, 2, 32], [2, 3, 1, 5, 4], [2, 2, 3, 2, 3, 5], [0, 3], []];
        var random = new System.Random(1);
        foreach (int[] shape in shapes)
        {
            // Two extents have two orders; of more extents some orders are drawn.
            for (int trial = 0; trial < (shape.Length > 2 ? 8 : Math.Max(1, shape.Length)); trial++)
            {
                int[] order = [.. Enumerable.Range(0, shape.Length)];
                if (shape.Length > 2)
                    random.Shuffle(order);
                else if (trial == 1)
                    Array.Reverse(order);
                CheckPermute<float>(shape, order);
                CheckPermute<byte>(shape, order);
                CheckPermute<short>(shape, order);
                CheckPermute<double>(shape, order);
            }
        }
    }

    [Fact]
    public void Copies_a_slice_into_a_slice_and_leaves_the_rest()
    {
        using var x = new KernelArray<float>(KernelTesting.Values(20 * 30, 1));
        using var y = new KernelArray<float>(25 * 40);
        y.Span.Fill(7);
        StridedCopy.Run(x.Pointer + (3 * 30) + 4, [30, 1], y.Pointer + (2 * 40) + 5, [40, 1], [10, 12], 4);
        for (int i = 0; i < 25; i++)
            for (int j = 0; j < 40; j++)
                Assert.Equal(i is >= 2 and < 12 && j is >= 5 and < 17 ? x[((i + 1) * 30) + j - 1] : 7, y[(i * 40) + j]);
    }

    [Fact]
    public void A_step_of_zero_repeats_and_a_negative_one_reverses()
    {
        using var x = new KernelArray<float>(KernelTesting.Values(6, 1));
        using var y = new KernelArray<float>(12);
        StridedCopy.Run(x.Pointer + 5, [0, -1], y.Pointer, [6, 1], [2, 6], 4);
        float[] reversed = [.. x.ToArray().Reverse()];
        Assert.Equal([.. reversed, .. reversed], y.ToArray());
    }

    [Theory]
    [InlineData(new[] { 5, 33 }, new[] { 0, 1 })]
    [InlineData(new[] { 70, 33 }, new[] { 1, 0 })]
    [InlineData(new[] { 4, 6, 5, 3 }, new[] { 0, 2, 1, 3 })]
    public void Accumulates(int[] shape, int[] order)
    {
        int count = shape.Aggregate(1, (p, e) => p * e);
        float[] values = KernelTesting.Values(count, 1), right = KernelTesting.Values(count, 2);
        using var x = new KernelArray<float>(values);
        using var y = new KernelArray<float>(right);
        int[] permuted = Array.ConvertAll(order, o => shape[o]);
        nint[] source = Array.ConvertAll(order, o => Contiguous(shape)[o]), target = Contiguous(permuted);
        StridedCopy.Accumulate(x.Pointer, source, y.Pointer, target, permuted);
        ForEach(permuted, source, target, (from, to) => right[to] += values[from]);
        Assert.Equal(right, y.ToArray());
    }
}
