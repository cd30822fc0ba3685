namespace PolaFormer.Cuda.Core;

/// <summary>Depthwise convolution with its gate (depthwise.cu).</summary>
internal static class DepthwiseKernels
{
    private const int MostParts = 64, LeastLines = 4;

    /// <summary>y = x ∗ W + bias (+ x), or (… + addend)·gate.</summary>
    public static void Forward(IKernelQueue queue, StorageType type, in DepthwiseArguments arguments) => queue.Launch(
        "depthwise", $"depthwise_{LaunchShape.Suffix(type)}",
        LaunchShape.Filling(queue, (long)arguments.Batch * arguments.OutHeight * arguments.OutWidth * arguments.Channels), LaunchShape.Threads, 0, arguments);

    /// <summary>∂x, to <c>Y</c>, of ∂y; with <c>AddInput</c> ∂y is added.</summary>
    public static void InputGradient(IKernelQueue queue, StorageType type, in DepthwiseArguments arguments) => queue.Launch(
        "depthwise", $"depthwise_gradient_{LaunchShape.Suffix(type)}",
        LaunchShape.Filling(queue, (long)arguments.Batch * arguments.Height * arguments.Width * arguments.Channels), LaunchShape.Threads, 0, arguments);

    /// <summary>Floats of workspace that <see cref="WeightGradient"/> needs.</summary>
    public static long Workspace(in DepthwiseArguments arguments) => (Parts(arguments) + 2L) * (arguments.Taps + 1) * arguments.Channels;

    /// <summary>∂W (kernels × taps) and ∂bias, unless it is 0, of x and ∂y.</summary>
    public static void WeightGradient(IKernelQueue queue, StorageType type, DepthwiseArguments arguments, nint dweight, nint dbias, nint workspace)
    {
        (arguments.Parts, arguments.Partial) = (Parts(arguments), workspace);
        long threads = (long)arguments.Parts * (arguments.Taps + 1) * arguments.Channels;
        queue.Launch("depthwise", $"depthwise_weight_gradient_{LaunchShape.Suffix(type)}", LaunchShape.Exact(threads), LaunchShape.Threads, 0, arguments);
        Gather(queue, workspace, arguments.Parts, arguments.Taps, arguments.Channels, arguments.Kernels, dweight, dbias);
    }

    /// <summary>
    /// The gradients of kernels from sums of parts, each (taps + 1) × channels with the bias last: parts are added in their order, and
    /// then the channels of a kernel. Behind the parts there is room for two more.
    /// </summary>
    public static void Gather(IKernelQueue queue, nint sums, int parts, int taps, int channels, int kernels, nint dweight, nint dbias)
    {
        int length = (taps + 1) * channels;
        nint total = sums + (nint)parts * length * sizeof(float), shared = total + (nint)length * sizeof(float);
        SumKernel.Run(queue, sums, total, 1, length, parts);
        if (channels > kernels)
            SumKernel.Run(queue, total, shared, taps + 1, kernels, channels / kernels);
        else
            shared = total;
        CopyKernels.Copy(queue, sizeof(float), shared, dweight, new Walk([kernels, taps], [1, kernels], [taps, 1]));
        if (dbias != 0)
            CopyKernels.Copy(queue, sizeof(float), shared + (nint)taps * kernels * sizeof(float), dbias, kernels);
    }

    private static int Parts(in DepthwiseArguments arguments) =>
        Math.Clamp(arguments.Batch * arguments.OutHeight / LeastLines, 1, MostParts);
}
