using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Products;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>
/// Requests of convolutions: products of the patches under the kernel, some images at a time so that patches take little memory,
/// with the weight laid out as the patches are. Where each channel is by itself, the depthwise kernels.
/// </summary>
internal static class ConvolutionRequests
{
    /// <summary>Floats of patches at a time: 256 MiB.</summary>
    private const long MostPatches = 1L << 26;

    public static void AddTo(RequestTable table)
    {
        table.Add<Convolution.Call>((context, call) => Forward(context, call.Shape, call.X, call.Weight, call.Bias, Activation.None, call.Y));
        table.Add<Convolution.ActivatedCall>((context, call) => Forward(context, call.Shape, call.X, call.Weight, call.Bias, call.Activation, call.Y));
        table.Add<Convolution.BackwardCall>((context, call) =>
        {
            if (DepthwiseShape.Fits(call.Shape))
                DepthwiseGradient(context, call);
            else
                Gradient(context, call);
        });
    }

    private static void Forward(KernelContext context, ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        if (DepthwiseShape.Fits(shape))
        {
            var arguments = new DepthwiseArguments(shape, shape.InChannels) { X = x.Address, Weight = weight.Address, Bias = Addresses.Of(bias), Y = y.Address };
            DepthwiseKernels.Forward(context.Queue, StorageType.Float, arguments);
            if (activation != Activation.None)
                ElementwiseKernels.Unary(context.Queue, StorageType.Float, Elementwise.FunctionOf(activation), y.Address, y.Address, y.Count);
            return;
        }

        int inputs = Inputs(shape), outputs = shape.OutChannels / shape.Groups;
        nint matrix = AsPatches(context, shape, weight.Address);
        foreach ((int first, ConvolutionShape images) in Cut(shape))
        {
            using MemoryScope scope = MemoryScope.Enter();
            int places = Places(images);
            nint patches = Patches(context, images, ImageOf(x, first));
            for (int group = 0; group < shape.Groups; group++)
            {
                Multiply(
                    context, new ProductShape(StorageType.Float, places, outputs, inputs, Activation: activation), Part(patches, shape.Groups, inputs, group),
                    MatrixOnDevice.Contiguous(At(matrix, group * outputs * inputs), outputs, inputs).Transposed,
                    bias is null ? 0 : At(bias.Address, group * outputs), 0, Part(ImageOf(y, first), shape.Groups, outputs, group));
            }
        }
    }

    private static void Gradient(KernelContext context, Convolution.BackwardCall call)
    {
        ConvolutionShape shape = call.Shape;
        int inputs = Inputs(shape), outputs = shape.OutChannels / shape.Groups;
        nint matrix = call.Dx is null ? 0 : AsPatches(context, shape, call.Weight.Address);
        nint dmatrix = call.Dweight is null ? 0 : IsPointwise(shape) ? call.Dweight.Address : context.Workspace(call.Weight.Count);
        foreach ((int first, ConvolutionShape images) in Cut(shape))
        {
            using MemoryScope scope = MemoryScope.Enter();
            int places = Places(images);
            nint dy = ImageOf(call.Dy, first);
            nint patches = call.Dweight is null ? 0 : Patches(context, images, ImageOf(call.X, first));
            nint dpatches = call.Dx is null ? 0 : IsPointwise(shape) ? ImageOf(call.Dx, first) : context.Workspace((long)places * shape.Groups * inputs);
            for (int group = 0; group < shape.Groups; group++)
            {
                MatrixOnDevice gradient = Part(dy, shape.Groups, outputs, group);
                if (call.Dx is not null)
                {
                    Multiply(
                        context, new ProductShape(StorageType.Float, places, inputs, outputs), gradient,
                        MatrixOnDevice.Contiguous(At(matrix, group * outputs * inputs), outputs, inputs), 0, 0, Part(dpatches, shape.Groups, inputs, group));
                }

                if (call.Dweight is not null)
                {
                    nint result = At(dmatrix, group * outputs * inputs);
                    Multiply(
                        context, new ProductShape(StorageType.Float, outputs, inputs, places), gradient.Transposed, Part(patches, shape.Groups, inputs, group),
                        0, first == 0 ? 0 : result, MatrixOnDevice.Contiguous(result, outputs, inputs));
                }
            }

            if (call.Dx is not null && !IsPointwise(shape))
                ImageKernels.PatchesGradient(context.Queue, images, dpatches, ImageOf(call.Dx, first));
        }

        if (call.Dweight is not null && !IsPointwise(shape))
            Reorder(context, shape, dmatrix, call.Dweight.Address, back: true);
        if (call.Dbias is not null)
            ReductionRequests.Reduce(context, ReduceFunction.Sum, call.Dy.Address, call.Dbias.Address, 1, checked((int)call.Dy.Rows), shape.OutChannels);
    }

    private static void DepthwiseGradient(KernelContext context, Convolution.BackwardCall call)
    {
        var arguments = new DepthwiseArguments(call.Shape, call.Shape.InChannels) { X = call.X.Address, DY = call.Dy.Address, Weight = call.Weight.Address };
        if (call.Dx is not null)
            DepthwiseKernels.InputGradient(context.Queue, StorageType.Float, arguments with { Y = call.Dx.Address });
        if (call.Dweight is not null)
        {
            nint workspace = context.Workspace(DepthwiseKernels.Workspace(context.Queue, StorageType.Float, arguments));
            DepthwiseKernels.WeightGradient(context.Queue, StorageType.Float, arguments, call.Dweight.Address, Addresses.Of(call.Dbias), workspace);
        }
        else if (call.Dbias is not null)
        {
            ReductionRequests.Reduce(context, ReduceFunction.Sum, call.Dy.Address, call.Dbias.Address, 1, checked((int)call.Dy.Rows), call.Shape.OutChannels);
        }
    }

    /// <summary>Runs of images whose patches are few enough, each with its first image.</summary>
    private static IEnumerable<(int First, ConvolutionShape Images)> Cut(ConvolutionShape shape)
    {
        long patches = (long)shape.OutHeight * shape.OutWidth * shape.Groups * Inputs(shape);
        int most = (int)Math.Clamp(MostPatches / Math.Max(1, patches), 1, Math.Max(1, shape.Batch));
        for (int first = 0; first < shape.Batch; first += most)
            yield return (first, shape with { Batch = Math.Min(most, shape.Batch - first) });
    }

    private static bool IsPointwise(in ConvolutionShape shape) => shape is
    { KernelHeight: 1, KernelWidth: 1, StrideH: 1, StrideW: 1, PadH: 0, PadW: 0 };

    private static int Inputs(in ConvolutionShape shape) => shape.InChannels / shape.Groups * shape.KernelHeight * shape.KernelWidth;

    private static int Places(in ConvolutionShape shape) => checked(shape.Batch * shape.OutHeight * shape.OutWidth);

    private static nint At(nint address, long floats) => address + (nint)(floats * sizeof(float));

    private static nint ImageOf(Tensor x, int image) => At(x.Address, image * x.Shape.CountOf(1, 4));

    /// <summary>The columns of a group.</summary>
    private static MatrixOnDevice Part(nint address, int groups, int columns, int group) => new(At(address, group * columns), (long)groups * columns, 1);

    private static nint Patches(KernelContext context, in ConvolutionShape shape, nint x)
    {
        if (IsPointwise(shape))
            return x;
        nint patches = context.Workspace((long)Places(shape) * shape.Groups * Inputs(shape));
        ImageKernels.Patches(context.Queue, shape, x, patches);
        return patches;
    }

    private static nint AsPatches(KernelContext context, in ConvolutionShape shape, nint weight)
    {
        if (IsPointwise(shape))
            return weight;
        nint matrix = context.Workspace((long)shape.OutChannels * Inputs(shape));
        Reorder(context, shape, weight, matrix, back: false);
        return matrix;
    }

    // From (out, in / groups, kernel) to (out, kernel, in / groups), or back.
    private static void Reorder(KernelContext context, in ConvolutionShape shape, nint from, nint to, bool back)
    {
        int taps = shape.KernelHeight * shape.KernelWidth, channels = shape.InChannels / shape.Groups;
        (int rows, int columns) = back ? (taps, channels) : (channels, taps);
        CopyKernels.Copy(
            context.Queue, sizeof(float), from, to,
            new Walk([shape.OutChannels, columns, rows], [(long)taps * channels, 1, columns], [(long)taps * channels, rows, 1]));
    }

    private static void Multiply(
        KernelContext context, in ProductShape shape, in MatrixOnDevice a, in MatrixOnDevice b, nint bias, nint addend, in MatrixOnDevice y) =>
        ProductRequests.Multiply(context, shape, a, b, bias, addend, y);
}
