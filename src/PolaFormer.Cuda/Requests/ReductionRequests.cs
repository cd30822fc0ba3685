using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests that make one element of many.</summary>
internal static class ReductionRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<Reduce.Call>((context, call) =>
        {
            if (call.Function == ReduceFunction.Max && call.Y.Count > 0)
                ArgumentOutOfRangeException.ThrowIfLessThan(call.Reduced, 1);
            Reduce(context, call.Function, call.X.Address, call.Y.Address, call.Outer, call.Reduced, call.Inner);
        });
        table.Add<Reduce.MaxBackwardCall>((context, call) => ReductionKernels.LargestGradient(
            context.Queue, call.X.Address, call.Dy.Address, call.Dx.Address, call.Outer, call.Reduced, call.Inner));
        table.Add<ArgMax.Call>((context, call) =>
        {
            Shape shape = call.X.Shape;
            ReductionKernels.LargestPlaces(
                context.Queue, call.X.Address, call.Y.Address, shape.CountOf(0, call.Dimension), shape[call.Dimension], shape.CountOf(call.Dimension + 1, shape.Rank));
        });
        table.Add<CountNonFinite>((context, call) =>
        {
            long rows = call.X.Source.Count / Math.Max(call.X.RowStride, 1);
            nint workspace = context.Workspace(ReductionKernels.CountWorkspace(context.Queue, rows * call.X.Width));
            ReductionKernels.CountNonFinite(context.Queue, call.X.Address, rows, call.X.Width, call.X.RowStride, call.Y.Address, workspace);
        });
        table.Add<SumTo>((context, call) => SumTo(context, call.X, call.Y));
    }

    /// <summary>y (outer × inner) of x (outer × reduced × inner).</summary>
    public static void Reduce(KernelContext context, ReduceFunction function, nint x, nint y, long outer, int reduced, long inner)
    {
        nint workspace = context.Workspace(ReductionKernels.Workspace(context.Queue, outer, reduced, inner));
        ReductionKernels.Reduce(context.Queue, StorageType.Float, function, x, y, workspace, outer, reduced, inner);
    }

    // Runs of dimensions that y lacks are summed one after another, the outermost first.
    private static void SumTo(KernelContext context, Tensor x, Tensor y)
    {
        Span<long> extents = stackalloc long[Shape.MaxRank];
        Span<bool> isSummed = stackalloc bool[Shape.MaxRank];
        int runs = 0;
        for (int i = x.Rank; i > 0; i--)
        {
            int extent = x.Shape[-i];
            if (extent == 1)
                continue;
            bool summed = i > y.Rank || y.Shape[-i] == 1;
            if (runs > 0 && isSummed[runs - 1] == summed)
                extents[runs - 1] *= extent;
            else
                (extents[runs], isSummed[runs++]) = (extent, summed);
        }

        nint from = x.Address;
        for (int run = 0; run < runs; run++)
        {
            if (!isSummed[run])
                continue;
            (long outer, long inner) = (1, 1);
            for (int i = 0; i < run; i++)
                outer *= isSummed[i] ? 1 : extents[i];
            for (int i = run + 1; i < runs; i++)
                inner *= extents[i];
            bool isLast = !isSummed[(run + 1)..runs].Contains(true);
            nint to = isLast ? y.Address : context.Workspace(outer * inner);
            Reduce(context, ReduceFunction.Sum, from, to, outer, checked((int)extents[run]), inner);
            from = to;
        }

        if (from == x.Address)
            CopyKernels.Copy(context.Queue, sizeof(float), from, y.Address, y.Count);
    }
}
