using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class GatherTests
{
    private static long[] Indices(int count, int rows) => [.. Enumerable.Range(0, count).Select(i => (long)((uint)i * 2654435761u >> 8) % rows)];

    [Theory]
    [InlineData(0, 5, 3)]
    [InlineData(7, 1, 1)]
    [InlineData(2401, 169, 12)]
    [InlineData(5000, 100, 33)]
    public void Rows_are_copied_and_their_gradients_added(int count, int rows, int columns)
    {
        using var table = new KernelArray<float>(KernelTesting.Values(rows * columns, 1));
        using var index = new KernelArray<long>(Indices(count, rows));
        using var y = new KernelArray<float>(count * columns);
        Gather.Rows(table.Pointer, rows, index.Pointer, count, columns, y.Pointer);
        double[] right = Array.ConvertAll(table.ToArray(), v => (double)v);
        for (int i = 0; i < y.Length; i++)
        {
            Assert.Equal(table[(int)index[i / columns] * columns + i % columns], y[i]);
            right[(int)index[i / columns] * columns + i % columns] += y[i];
        }

        Gather.ScatterAdd(y.Pointer, index.Pointer, count, columns, table.Pointer, rows);
        KernelTesting.AssertClose(right, table.Span, 1e-5, 1e-5);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    public void An_index_without_a_row_is_refused(int bad)
    {
        using var table = new KernelArray<float>(8);
        using var index = new KernelArray<long>((long[])[0, bad]);
        using var y = new KernelArray<float>(4);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Gather.Rows(table.Pointer, 4, index.Pointer, 2, 2, y.Pointer));
        Assert.Contains("table of 4 rows", error.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Gather.ScatterAdd(y.Pointer, index.Pointer, 2, 2, table.Pointer, 4));
    }

    [Fact]
    public void Results_are_alike_for_any_thread_count()
    {
        float[] values = KernelTesting.Values(5000 * 64, 1);
        KernelTesting.AssertSameForAnyThreadCount(() =>
        {
            using var dy = new KernelArray<float>(values);
            using var index = new KernelArray<long>(Indices(5000, 50));
            using var table = new KernelArray<float>(50 * 64);
            table.Span.Clear();
            Gather.ScatterAdd(dy.Pointer, index.Pointer, 5000, 64, table.Pointer, 50);
            return table.ToArray();
        });
    }
}
