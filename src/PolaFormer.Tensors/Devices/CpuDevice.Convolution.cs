using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors;

internal sealed unsafe partial class CpuDevice
{
    internal override void Convolution(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Tensor y) =>
        Convolution(shape, x, weight, bias, Activation.None, y);

    internal override void Convolution(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        if (!DepthwiseShape.Fits(shape))
        {
            if (weight.IsPacked)
                Convolution2D.ForwardPacked(shape, x.Data, weight.PackedData, DataOrNull(bias), activation, y.Data);
            else
                Convolution2D.Forward(shape, x.Data, weight.Data, DataOrNull(bias), activation, y.Data);
        }
        else if (activation == Activation.None)
        {
            Kernels.DepthwiseConvolution.Forward(new DepthwiseShape(shape), x.Data, WeightOf(weight), weight.IsPacked, DataOrNull(bias), new DepthwiseFinish(), y.Data);
        }
        else
        {
            base.Convolution(shape, x, weight, bias, activation, y);
        }
    }

    internal override void ConvolutionBackward(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias)
    {
        if (DepthwiseShape.Fits(shape))
        {
            var depthwise = new DepthwiseShape(shape);
            if (dx is not null)
                Kernels.DepthwiseConvolution.BackwardInput(depthwise, weight.Data, dy.Data, false, dx.Data);
            if (dweight is not null)
                Kernels.DepthwiseConvolution.BackwardWeight(depthwise, x.Data, dy.Data, dweight.Data, DataOrNull(dbias));
            return;
        }

        if (dx is not null)
            Convolution2D.BackwardInput(shape, weight.Data, dy.Data, dx.Data);
        if (dweight is not null)
            Convolution2D.BackwardWeight(shape, x.Data, dy.Data, dweight.Data, DataOrNull(dbias));
        else if (dbias is not null)
            Convolution2D.BackwardBias(shape, dy.Data, dbias.Data);
    }

    internal override void DepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, bool addInput, Tensor y) =>
        Kernels.DepthwiseConvolution.Forward(ShapeOf(x, weight), x.Data, WeightOf(weight), weight.IsPacked, DataOrNull(bias), new DepthwiseFinish { AddsInput = addInput }, y.Data);

    internal override void GatedDepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, Tensor addend, Columns gate, Tensor? sum, Tensor y)
    {
        var finish = new DepthwiseFinish { Addend = addend.Data, Gate = gate.Data, GateStride = gate.RowStride, Sum = DataOrNull(sum) };
        Kernels.DepthwiseConvolution.Forward(ShapeOf(x, weight), x.Data, WeightOf(weight), weight.IsPacked, DataOrNull(bias), finish, y.Data);
    }

    internal override void DepthwiseConvolutionBackward(Columns x, Tensor weight, bool addInput, Tensor dy, Columns? dx, Tensor dweight, Tensor? dbias)
    {
        if (dx is { } gradient)
            Kernels.DepthwiseConvolution.BackwardInput(ShapeOf(gradient, weight), weight.Data, dy.Data, addInput, gradient.Data);
        Kernels.DepthwiseConvolution.BackwardWeight(ShapeOf(x, weight), x.Data, dy.Data, dweight.Data, DataOrNull(dbias));
    }

    internal override void DeformableConvolution(Columns x, Tensor offsets, Tensor weight, Tensor? bias, Tensor y) =>
        Kernels.DeformableConvolution.Forward(ShapeOf(x, weight), x.Data, offsets.Data, weight.Data, DataOrNull(bias), y.Data);

    internal override void DeformableConvolutionBackward(Columns x, Tensor offsets, Tensor weight, Tensor dy, Columns dx, Tensor doffsets, Tensor dweight, Tensor? dbias)
    {
        Kernels.DeformableConvolution.BackwardInput(ShapeOf(x, weight), x.Data, offsets.Data, weight.Data, dy.Data, dx.Data, dx.RowStride, doffsets.Data);
        Kernels.DeformableConvolution.BackwardWeight(ShapeOf(x, weight), x.Data, offsets.Data, dy.Data, dweight.Data, DataOrNull(dbias));
    }

    private static float* WeightOf(Tensor weight) => weight.IsPacked ? weight.PackedData : weight.Data;

    private static DepthwiseShape ShapeOf(Columns x, Tensor weight)
    {
        int kernel = weight.Shape[2];
        return new DepthwiseShape
        {
            Convolution = new ConvolutionShape
            {
                Batch = x.Source.Shape[0],
                Height = x.Source.Shape[1],
                Width = x.Source.Shape[2],
                InChannels = x.Width,
                OutChannels = x.Width,
                KernelHeight = kernel,
                KernelWidth = kernel,
                StrideH = 1,
                StrideW = 1,
                PadH = kernel / 2,
                PadW = kernel / 2,
                DilationH = 1,
                DilationW = 1,
                Groups = x.Width,
            },
            WeightChannels = weight.Shape[0],
            InputStride = x.RowStride,
        };
    }
}
