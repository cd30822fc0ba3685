using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class GatherTests
{
    private static long[] Indices(int count, int rows) => [.. Enumerable.Range(0, count).Select(i => (long)(((uint)i * 2654435761u) >> 8) % rows)];

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
        var shape = new GatherShape(1, rows, columns, 1, count);
        Gather.Rows(table.Pointer, shape, index.Pointer, y.Pointer);
        double[] right = Array.ConvertAll(table.ToArray(), v => (double)v);
        for (int i = 0; i < y.Length; i++)
        {
            Assert.Equal(table[((int)index[i / columns] * columns) + (i % columns)], y[i]);
            right[((int)index[i / columns] * columns) + (i % columns)] += y[i];
        }

        Gather.ScatterAdd(y.Pointer, shape, index.Pointer, table.Pointer);
        KernelTesting.AssertClose(right, table.Span, 1e-5, 1e-5);
    }

    [Fact]
    public void Tables_have_their_own_indices_or_share_them_in_turns()
    {
        const int Groups = 6, Rows = 40, Columns = 300, IndexGroups = 3, Count = 70;
        using var tables = new KernelArray<float>(KernelTesting.Values(Groups * Rows * Columns, 1));
        using var index = new KernelArray<long>(Indices(IndexGroups * Count, Rows));
        using var y = new KernelArray<float>(Groups * Count * Columns);
        var shape = new GatherShape(Groups, Rows, Columns, IndexGroups, Count);
        Gather.Rows(tables.Pointer, shape, index.Pointer, y.Pointer);
        double[] right = Array.ConvertAll(tables.ToArray(), v => (double)v);
        for (int i = 0; i < y.Length; i++)
        {
            int row = i / Columns, group = row / Count;
            int place = (((group * Rows) + (int)index[(group % IndexGroups * Count) + (row % Count)]) * Columns) + (i % Columns);
            Assert.Equal(tables[place], y[i]);
            right[place] += y[i];
        }

        Gather.ScatterAdd(y.Pointer, shape, index.Pointer, tables.Pointer);
        KernelTesting.AssertClose(right, tables.Span, 1e-5, 1e-5);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    public void An_index_without_a_row_is_refused(int bad)
    {
        using var table = new KernelArray<float>(8);
        using var index = new KernelArray<long>((long[])[0, bad]);
        using var y = new KernelArray<float>(4);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Gather.Rows(table.Pointer, new GatherShape(1, 4, 2, 1, 2), index.Pointer, y.Pointer));
        Assert.Contains("table of 4 rows", error.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Gather.ScatterAdd(y.Pointer, new GatherShape(1, 4, 2, 1, 2), index.Pointer, table.Pointer));
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
            Gather.ScatterAdd(dy.Pointer, new GatherShape(1, 50, 64, 1, 5000), index.Pointer, table.Pointer);
            return table.ToArray();
        });
    }
}
