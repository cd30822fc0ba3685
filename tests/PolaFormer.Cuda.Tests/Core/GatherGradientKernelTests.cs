using System.Runtime.InteropServices;
using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Cuda.Tests.Core;

public unsafe class GatherGradientKernelTests
{
    [Theory]
    [InlineData(1, 1, 5, 40, 3000, 0)]      // many places a row, of several runs and parts
    [InlineData(1, 1, 5, 40, 3000, 1)]
    [InlineData(1, 1, 5, 3, 3000, 7)]
    [InlineData(4, 2, 1500, 7, 1700, 1)]    // more rows than a part has places, lists that tables share
    [InlineData(2, 1, 3, 300, 256, 7)]      // more columns than a block has threads
    [InlineData(3, 3, 4, 2, 0, 0)]          // nothing chosen
    public void Rows_are_the_sums_of_what_chose_them(int groups, int sets, int rows, int columns, int count, uint order)
    {
        var random = new Random(count + columns);
        var shape = new GatherShape(groups, rows, columns, sets, count);
        HostFloats dy = HostFloats.Random(random, groups * count * columns, -1, 1), dx = new(groups * rows * columns);
        HostFloats workspace = new(GatherGradientKernels.Workspace(shape));
        // Half of the places choose row 1; some choose rows that there are not.
        long[] indices = [.. Enumerable.Range(0, sets * count).Select(_ => random.Next(2) == 0 ? 1L : random.Next(-1, rows + 1))];
        double[] expected = new double[groups * rows * columns];
        for (int i = 0; i < groups * count * columns; i++)
        {
            int place = i / columns, group = place / count;
            long row = indices[(group % sets * count) + (place % count)];
            if (row >= 0 && row < rows)
                expected[(((group * rows) + row) * columns) + (i % columns)] += dy.Span[i];
        }

        nint list = (nint)NativeMemory.Alloc((nuint)(indices.Length * sizeof(long)) + 1);
        try
        {
            indices.CopyTo(new Span<long>((void*)list, indices.Length));
            GatherGradientKernels.Sum(new FibreQueue(order), dy.Address, shape, list, dx.Address, workspace.Address);
        }
        finally
        {
            NativeMemory.Free((void*)list);
        }

        Distance.AssertWithin(1e-6, expected, dx.ToDoubles(), "∂tables");
        workspace.AssertSurroundingsUntouched();
        dx.AssertSurroundingsUntouched();
    }
}
