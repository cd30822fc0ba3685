using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests of convolutions of each channel by itself.</summary>
internal static class DepthwiseRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<DepthwiseConvolution.Call>((context, call) => DepthwiseKernels.Forward(
            context.Queue, KernelContext.StorageOf(call.Y), Arguments(call.X, call.Weight) with
            {
                X = call.X.Address,
                Bias = Addresses.Of(call.Bias),
                Mask = Addresses.Of(call.Mask),
                Y = call.Y.Address,
                AddInput = call.AddInput ? 1 : 0,
            }));
        table.Add<DepthwiseConvolution.BackwardCall>(Gradient);
        table.Add<GatedDepthwiseConvolution.Call>((context, call) => DepthwiseKernels.Forward(
            context.Queue, KernelContext.StorageOf(call.Y), Arguments(call.X, call.Weight) with
            {
                X = call.X.Address,
                Bias = Addresses.Of(call.Bias),
                Mask = Addresses.Of(call.Mask),
                Addend = call.Addend.Address,
                Gate = call.Gate.Address,
                GateRow = call.Gate.RowStride,
                Sum = Addresses.Of(call.Sum),
                Y = call.Y.Address,
            }));
        table.Add<DeformableConvolution.Call>((context, call) => DeformableKernels.Forward(
            context.Queue, Arguments(call.X, call.Offsets, call.Weight) with { Bias = Addresses.Of(call.Bias), Y = call.Y.Address }));
        table.Add<DeformableConvolution.BackwardCall>(Gradient);
    }

    private static DepthwiseArguments Arguments(Columns x, Tensor weight) =>
        new(DepthwiseConvolution.ShapeOf(x, weight).Convolution, weight.Shape[0]) { Weight = weight.Address, XRow = x.RowStride };

    private static DeformableArguments Arguments(Columns x, Tensor offsets, Tensor weight) => new()
    {
        X = x.Address,
        Offsets = offsets.Address,
        Weight = weight.Address,
        XRow = x.RowStride,
        Batch = x.Source.Shape[0],
        Height = x.Source.Shape[1],
        Width = x.Source.Shape[2],
        Channels = x.Width,
        Kernels = weight.Shape[0],
        Size = weight.Shape[2],
    };

    private static void Gradient(KernelContext context, DepthwiseConvolution.BackwardCall call)
    {
        DepthwiseArguments arguments = Arguments(call.X, call.Weight) with { X = call.X.Address, DY = call.Dy.Address, Mask = Addresses.Of(call.Mask), AddInput = call.AddInput ? 1 : 0 };
        if (call.Dx is { } dx)
            DepthwiseKernels.InputGradient(context.Queue, StorageType.Float, arguments with { Y = dx.Address, YRow = dx.RowStride });
        nint workspace = context.Workspace(DepthwiseKernels.Workspace(context.Queue, StorageType.Float, arguments));
        DepthwiseKernels.WeightGradient(context.Queue, StorageType.Float, arguments, call.Dweight.Address, Addresses.Of(call.Dbias), workspace);
    }

    private static void Gradient(KernelContext context, DeformableConvolution.BackwardCall call)
    {
        DeformableArguments arguments = Arguments(call.X, call.Offsets, call.Weight) with { DY = call.Dy.Address, DOffsets = call.Doffsets.Address };
        DeformableKernels.OffsetGradient(context.Queue, arguments);
        DeformableKernels.InputGradient(
            context.Queue, arguments, call.Dx.Address, call.Dx.RowStride, context.Workspace(DeformableKernels.InputWorkspace(arguments)));
        DeformableKernels.WeightGradient(
            context.Queue, arguments, call.Dweight.Address, Addresses.Of(call.Dbias), context.Workspace(DeformableKernels.WeightWorkspace(context.Queue, arguments)));
    }
}
