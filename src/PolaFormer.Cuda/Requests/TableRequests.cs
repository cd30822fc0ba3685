using PolaFormer.Cuda.Core;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests on rows of tables, and losses.</summary>
internal static class TableRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<Gather.Call>((context, call) => TableKernels.Gather(
            context.Queue, call.Table.Address, call.Table.Shape[0], call.Indices.Address, call.Indices.Count, call.Table.Shape[1], call.Y.Address));
        table.Add<Gather.BackwardCall>((context, call) =>
        {
            (int rows, int columns) = (call.Dtable.Shape[0], call.Dtable.Shape[1]);
            nint workspace = context.Workspace(TableKernels.Workspace(context.Queue, rows, call.Indices.Count, columns));
            TableKernels.GatherGradient(
                context.Queue, call.Dy.Address, call.Indices.Address, call.Indices.Count, columns, call.Dtable.Address, rows, workspace);
        });
        table.Add<CrossEntropy.Call>((context, call) => TableKernels.CrossEntropy(
            context.Queue, call.Logits.Address, call.Targets.Address, call.Loss.Address, call.Logits.Rows, call.Logits.Shape[-1]));
        table.Add<CrossEntropy.BackwardCall>((context, call) => TableKernels.CrossEntropyGradient(
            context.Queue, call.Logits.Address, call.Targets.Address, call.Dloss.Address, call.Dlogits.Address, call.Logits.Rows, call.Logits.Shape[-1]));
    }
}
