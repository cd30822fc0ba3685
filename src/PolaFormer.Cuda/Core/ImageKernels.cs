using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>Resampling, maximum pooling and patches of channels-last images (image.cu).</summary>
internal static class ImageKernels
{
    /// <summary>y of x, one matrix along the rows and one along the columns.</summary>
    public static void Resample(IKernelQueue queue, nint x, nint y, in ImageAxis rows, in ImageAxis columns, int batch, int channels, long results) => Launch(
        queue, "resample", results, new ResampleArguments { X = x, Y = y, Rows = rows, Columns = columns, Batch = batch, Channels = channels });

    /// <summary>∂x of ∂y.</summary>
    public static void ResampleGradient(IKernelQueue queue, nint dy, nint dx, in ImageAxis rows, in ImageAxis columns, int batch, int channels, long results) =>
        Launch(queue, "resample_gradient", results, new ResampleArguments { X = dy, Y = dx, Rows = rows, Columns = columns, Batch = batch, Channels = channels });

    /// <summary>The largest values of windows of x (batch, height, width, channels).</summary>
    public static void MaxPool(IKernelQueue queue, PoolWindow window, nint x, nint y, Shape input, Shape output) =>
        Launch(queue, "max_pool", output.Count, new MaxPoolArguments(window, input, output) { X = x, Y = y });

    /// <summary>∂x.</summary>
    public static void MaxPoolGradient(IKernelQueue queue, PoolWindow window, nint x, nint dy, nint dx, Shape input, Shape output) =>
        Launch(queue, "max_pool_gradient", input.Count, new MaxPoolArguments(window, input, output) { X = x, DY = dy, Y = dx });

    /// <summary>The patches under a convolution's kernel: (places, groups, kernel height, kernel width, channels of a group).</summary>
    public static void Patches(IKernelQueue queue, in ConvolutionShape shape, nint x, nint patches) => Launch(
        queue, "patches", (long)shape.Batch * shape.OutHeight * shape.OutWidth * shape.KernelHeight * shape.KernelWidth * shape.InChannels,
        new PatchArguments(shape) { X = x, Y = patches });

    /// <summary>∂x of the gradients of the patches.</summary>
    public static void PatchesGradient(IKernelQueue queue, in ConvolutionShape shape, nint patches, nint dx) => Launch(
        queue, "patches_gradient", (long)shape.Batch * shape.Height * shape.Width * shape.InChannels, new PatchArguments(shape) { X = patches, Y = dx });

    private static void Launch<T>(IKernelQueue queue, string kernel, long threads, in T arguments) where T : unmanaged =>
        queue.Launch("image", kernel, LaunchShape.Filling(queue, threads), LaunchShape.Threads, 0, arguments);

    [StructLayout(LayoutKind.Sequential)]
    private struct ResampleArguments
    {
        public nint X, Y;
        public ImageAxis Rows, Columns;
        public int Batch, Channels;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct MaxPoolArguments(PoolWindow window, Shape input, Shape output)
    {
        public nint X, DY, Y;
        private readonly int _batch = input[0], _height = input[1], _width = input[2], _channels = input[3];
        private readonly int _outHeight = output[1], _outWidth = output[2];
        private readonly int _kernel = window.Kernel, _stride = window.Stride, _padding = window.Padding;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PatchArguments(in ConvolutionShape shape)
    {
        public nint X, Y;
        private readonly int _batch = shape.Batch, _height = shape.Height, _width = shape.Width, _channels = shape.InChannels;
        private readonly int _outHeight = shape.OutHeight, _outWidth = shape.OutWidth, _kernelHeight = shape.KernelHeight, _kernelWidth = shape.KernelWidth;
        private readonly int _strideH = shape.StrideH, _strideW = shape.StrideW, _padH = shape.PadH, _padW = shape.PadW;
        private readonly int _dilationH = shape.DilationH, _dilationW = shape.DilationW, _groups = shape.Groups;
    }
}
