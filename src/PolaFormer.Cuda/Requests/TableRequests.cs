using PolaFormer.Cuda.Core;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests on rows of tables, and losses.</summary>
internal static class TableRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<Tensors.Ops.Gather.Call>((context, call) => TableKernels.Gather(
            context.Queue, call.X.Address, GatherShape.Of(call.X.Shape, call.Dimension, call.Indices.Count, call.Y.Shape[call.Dimension]),
            call.Indices.Address, call.Y.Address));
        table.Add<Tensors.Ops.Gather.BackwardCall>((context, call) =>
        {
            GatherShape shape = GatherShape.Of(call.Dx.Shape, call.Dimension, call.Indices.Count, call.Dy.Shape[call.Dimension]);
            nint workspace = context.Workspace(GatherGradientKernels.Workspace(shape));
            GatherGradientKernels.Sum(context.Queue, call.Dy.Address, shape, call.Indices.Address, call.Dx.Address, workspace);
        });
        table.Add<Tensors.Ops.ArgSort.Call>((context, call) => TableKernels.Order(
            context.Queue, call.X.Address, call.X.Rows, call.X.Shape[-1], call.X.Shape[-1], call.IsDescending, call.Y.Address));
        table.Add<Tensors.Ops.TopK.Call>((context, call) => TableKernels.Order(
            context.Queue, call.X.Address, call.X.Rows, call.X.Shape[-1], call.Indices.Shape[-1], descending: true, call.Indices.Address));
        table.Add<Tensors.Ops.CrossEntropy.Call>((context, call) => TableKernels.CrossEntropy(
            context.Queue, call.Logits.Address, call.Targets.Address, 0, call.Loss.Address, call.Logits.Rows, call.Logits.Shape[-1]));
        table.Add<Tensors.Ops.CrossEntropy.BackwardCall>((context, call) => TableKernels.CrossEntropyGradient(
            context.Queue, call.Logits.Address, call.Targets.Address, 0, call.Dloss.Address, call.Dlogits.Address, call.Logits.Rows, call.Logits.Shape[-1]));
        table.Add<Tensors.Ops.LabelCrossEntropy.Call>((context, call) => TableKernels.CrossEntropy(
            context.Queue, call.Logits.Address, 0, call.Labels.Address, call.Loss.Address, call.Logits.Rows, call.Logits.Shape[-1]));
        table.Add<Tensors.Ops.LabelCrossEntropy.BackwardCall>((context, call) => TableKernels.CrossEntropyGradient(
            context.Queue, call.Logits.Address, 0, call.Labels.Address, call.Dloss.Address, call.Dlogits.Address, call.Logits.Rows, call.Logits.Shape[-1]));
    }
}
