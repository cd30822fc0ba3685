using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Tests.Core;

public class ReductionKernelTests
{
    [Theory]
    [InlineData(ReduceFunction.Sum, 7, 100, 1)]
    [InlineData(ReduceFunction.Mean, 3, 50, 9)]
    [InlineData(ReduceFunction.Max, 2, 300, 5)]   // several parts
    [InlineData(ReduceFunction.Sum, 1, 257, 3)]
    [InlineData(ReduceFunction.Max, 4, 33, 1)]
    [InlineData(ReduceFunction.Sum, 1, 300, 72)] // four columns a thread
    [InlineData(ReduceFunction.Mean, 1, 65, 8)]
    public void Reductions_match_plain_sums(ReduceFunction function, int outer, int reduced, int inner)
    {
        var queue = new FibreQueue(order: 1);
        var x = HostFloats.Random(new Random(reduced), outer * reduced * inner, -1, 1);
        HostFloats y = new(outer * inner), workspace = new(ReductionKernels.Workspace(queue, outer, reduced, inner));

        ReductionKernels.Reduce(queue, StorageType.Float, function, x.Address, y.Address, workspace.Address, outer, reduced, inner);

        double[] expected = new double[outer * inner];
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < inner; i++)
            {
                IEnumerable<double> values = Enumerable.Range(0, reduced).Select(n => (double)x.Span[(((o * reduced) + n) * inner) + i]);
                expected[(o * inner) + i] = function switch { ReduceFunction.Max => values.Max(), ReduceFunction.Mean => values.Average(), _ => values.Sum() };
            }
        }

        Distance.AssertWithin(1e-6, expected, y.ToDoubles(), $"{function}");
        workspace.AssertSurroundingsUntouched();
    }
}
