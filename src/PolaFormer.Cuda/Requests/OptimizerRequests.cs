using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests that update or measure many tensors.</summary>
internal static class OptimizerRequests
{
    private delegate void Fill<T>(ref ParameterTable table, T item);

    private delegate void Start(in ParameterTable table);

    public static void AddTo(RequestTable table)
    {
        table.Add<AdamW>((context, call) => Each(
            call.Entries,
            (ref ParameterTable rows, AdamWEntry entry) => OptimizerKernels.Add(
                ref rows, entry.Weight.Address, entry.Gradient.Address, entry.Mean.Address, entry.Square.Address, entry.Weight.Count,
                entry.LearningRate, entry.WeightDecay, call.Step),
            (in ParameterTable rows) => OptimizerKernels.AdamW(context.Queue, rows, call.Step)));
        table.Add<Sgd>((context, call) => Each(
            call.Entries,
            (ref ParameterTable rows, SgdEntry entry) => rows.Add(
                entry.Weight.Count, entry.Weight.Address, entry.Gradient.Address, entry.Velocity.Address,
                rate: (float)entry.LearningRate, decay: (float)entry.WeightDecay),
            (in ParameterTable rows) => OptimizerKernels.Descend(context.Queue, rows, call.Step)));
        table.Add<Lerp>(MoveAverage);
        table.Add<ClipByNorm>((context, call) => Each(
            call.Tensors, Target, (in ParameterTable rows) => OptimizerKernels.ClipByNorm(context.Queue, rows, call.Norm.Address, call.Max)));
        table.Add<ClipByValue>((context, call) => Each(
            call.Tensors, Target, (in ParameterTable rows) => OptimizerKernels.ClipByValue(context.Queue, rows, call.Limit)));
        table.Add<GlobalNorm>((context, call) =>
        {
            int most = (call.Tensors.Count + ParameterTable.MostRows - 1) / ParameterTable.MostRows, tables = 0;
            nint workspace = context.Workspace(OptimizerKernels.NormWorkspace(most));
            Each(call.Tensors, Target, (in ParameterTable rows) => OptimizerKernels.Squares(context.Queue, rows, tables++, workspace));
            OptimizerKernels.Norm(context.Queue, tables, workspace, call.Norm.Address);
        });
    }

    private static void MoveAverage(KernelContext context, Lerp call) => Each(
        call.Pairs,
        (ref ParameterTable rows, (Tensor Target, Tensor Source) pair) =>
        {
            (Tensor target, Tensor source) = pair;
            if (target.DType == DType.Float32)
                rows.Add(target.Count, target.Address, source.Address);
            else
                OptimizerKernels.MoveAverageOfCounts(context.Queue, target.Address, source.Address, target.Count, call.Keep, call.Take);
        },
        (in ParameterTable rows) => OptimizerKernels.MoveAverage(context.Queue, rows, call.Keep, call.Take));

    private static void Target(ref ParameterTable rows, Tensor x) => rows.Add(x.Count, x.Address);

    /// <summary>Starts a kernel for each table of items.</summary>
    private static void Each<T>(IReadOnlyList<T> items, Fill<T> fill, Start start)
    {
        ParameterTable rows = default;
        for (int i = 0; i < items.Count; i++)
        {
            fill(ref rows, items[i]);
            if (rows.IsFull)
            {
                start(rows);
                rows = default;
            }
        }

        if (rows.Total > 0)
            start(rows);
    }
}
