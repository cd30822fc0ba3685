using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests that update or measure many tensors.</summary>
internal static class OptimizerRequests
{
    private delegate void Fill<T>(ref ParameterTable table, T item, int number);

    private delegate void WriteRates<T>(T item, Span<float> rates);

    private delegate void Start(in ParameterTable table);

    public static void AddTo(RequestTable table)
    {
        table.Add<AdamW>((context, call) =>
        {
            Func<int, nint> rates = Rates(context, call.Entries, entry => entry.Rates, AdamWStep.RateCount, (entry, to) => call.Step.WriteRates(entry.LearningRate, entry.WeightDecay, to));
            Each(
                call.Entries,
                (ref ParameterTable rows, AdamWEntry entry, int number) => rows.Add(
                    entry.Weight.Count, entry.Weight.Address, entry.Gradient.Address, entry.Mean.Address, entry.Square.Address, rates(number)),
                (in ParameterTable rows) => OptimizerKernels.AdamW(context.Queue, rows, call.Step));
        });
        table.Add<Sgd>((context, call) =>
        {
            Func<int, nint> rates = Rates(
                context, call.Entries, entry => entry.Rates, SgdEntry.RateCount, (entry, to) => (to[0], to[1]) = ((float)entry.LearningRate, (float)entry.WeightDecay));
            Each(
                call.Entries,
                (ref ParameterTable rows, SgdEntry entry, int number) => rows.Add(
                    entry.Weight.Count, entry.Weight.Address, entry.Gradient.Address, entry.Velocity.Address, rates: rates(number)),
                (in ParameterTable rows) => OptimizerKernels.Descend(context.Queue, rows, call.Step));
        });
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

    private static void MoveAverage(KernelContext context, Lerp call)
    {
        nint rates = (call.Rates ?? Tensor.From([call.Keep, call.Take], [2], context.Device)).Address;
        Each(
            call.Pairs,
            (ref ParameterTable rows, (Tensor Target, Tensor Source) pair, int _) =>
            {
                (Tensor target, Tensor source) = pair;
                if (target.DType == DType.Float32)
                    rows.Add(target.Count, target.Address, source.Address, rates: rates);
                else
                    OptimizerKernels.MoveAverageOfCounts(context.Queue, target.Address, source.Address, target.Count, rates);
            },
            (in ParameterTable rows) => OptimizerKernels.MoveAverage(context.Queue, rows));
    }

    private static void Target(ref ParameterTable rows, Tensor x, int number) => rows.Add(x.Count, x.Address);

    /// <summary>
    /// Where the rates of an item lie by its number: where its caller has written them, else where this request writes them, which a pass
    /// that is captured notices.
    /// </summary>
    private static Func<int, nint> Rates<T>(KernelContext context, IReadOnlyList<T> items, Func<T, Tensor?> ratesOf, int count, WriteRates<T> write)
    {
        if (items.All(item => ratesOf(item) is not null))
            return number => ratesOf(items[number])!.Address;
        float[] values = new float[items.Count * count];
        for (int i = 0; i < items.Count; i++)
            write(items[i], values.AsSpan(i * count, count));
        nint own = Tensor.From(values, [items.Count, count], context.Device).Address;
        return number => ratesOf(items[number])?.Address ?? (own + (number * count * sizeof(float)));
    }

    /// <summary>Starts a kernel for each table of items.</summary>
    private static void Each<T>(IReadOnlyList<T> items, Fill<T> fill, Start start)
    {
        ParameterTable rows = default;
        for (int i = 0; i < items.Count; i++)
        {
            fill(ref rows, items[i], i);
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
