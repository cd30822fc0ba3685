using PolaFormer.Cuda.Core;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests of dense prediction: losses of elements, boxes, regions of maps.</summary>
internal static class DetectionRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<SigmoidCrossEntropy.Call>((context, call) => DetectionKernels.SigmoidCrossEntropy(
            context.Queue, call.Logits.Address, call.Targets.Address, Addresses.Of(call.Dy), call.Y.Address, call.Y.Count));
        table.Add<SmoothL1.Call>((context, call) => DetectionKernels.SmoothL1(
            context.Queue, call.X.Address, call.Targets.Address, call.Beta, Addresses.Of(call.Dy), call.Y.Address, call.Y.Count));
        table.Add<FocalLoss.Call>((context, call) => DetectionKernels.FocalLoss(
            context.Queue, call.Logits.Address, call.Labels.Address, call.Gamma, call.Alpha, Addresses.Of(call.Dy), call.Y.Address,
            call.Logits.Shape[0], call.Logits.Shape[1]));
        table.Add<BoxDecode.Call>((context, call) => DetectionKernels.DecodeBoxes(
            context.Queue, call.Boxes.Address, call.Deltas.Address, call.Rule, call.Y.Address, call.Deltas.Shape[0], call.Deltas.Shape[1] / 4));
        table.Add<BoxDecode.BackwardCall>((context, call) => DetectionKernels.DecodeBoxesGradient(
            context.Queue, call.Boxes.Address, call.Deltas.Address, call.Rule, call.Dy.Address, call.Dboxes.Address, call.Ddeltas.Address,
            call.Deltas.Shape[0], call.Deltas.Shape[1] / 4));
        table.Add<BoxOverlaps.Call>((context, call) => DetectionKernels.BoxOverlaps(
            context.Queue, call.A.Address, call.A.Shape[0], call.B.Address, call.B.Shape[0], call.Mode, call.IsAligned, call.Y.Address));
        table.Add<BoxOverlaps.BackwardCall>((context, call) => DetectionKernels.BoxOverlapsGradient(
            context.Queue, call.A.Address, call.A.Shape[0], call.B.Address, call.B.Shape[0], call.Mode, call.IsAligned, call.Dy.Address,
            call.Da.Address, call.Db.Address));
        table.Add<RoiAlign.Call>((context, call) => DetectionKernels.PoolRegions(
            context.Queue, call.X.Address, call.X.Shape, call.Regions.Address, call.Regions.Shape[0], call.Rule, call.Y.Address));
        table.Add<RoiAlign.BackwardCall>((context, call) => DetectionKernels.PoolRegionsGradient(
            context.Queue, call.Dy.Address, call.Dx.Shape, call.Regions.Address, call.Regions.Shape[0], call.Rule, call.Dx.Address));
    }
}
