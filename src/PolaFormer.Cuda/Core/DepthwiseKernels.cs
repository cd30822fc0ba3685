namespace PolaFormer.Cuda.Core;

/// <summary>Depthwise convolution with its gate (depthwise.cu).</summary>
internal static class DepthwiseKernels
{
    private const int MostParts = 64, LeastLines = 4;

    /// <summary>y = x ∗ W + bias (+ x), or (… + addend)·gate.</summary>
    public static void Forward(IKernelQueue queue, StorageType type, in DepthwiseArguments arguments) => queue.Launch(
        "depthwise", $"depthwise_{LaunchShape.Suffix(type)}", LaunchShape.Filling(queue, Elements(arguments)), LaunchShape.Threads, 0, arguments);

    /// <summary>∂x, to <c>Y</c>, of ∂y, in <c>X</c>; with <c>AddInput</c> ∂y is added.</summary>
    public static void InputGradient(IKernelQueue queue, StorageType type, in DepthwiseArguments arguments) => queue.Launch(
        "depthwise", $"depthwise_gradient_{LaunchShape.Suffix(type)}", LaunchShape.Filling(queue, Elements(arguments)), LaunchShape.Threads, 0, arguments);

    /// <summary>Floats of workspace that <see cref="WeightGradient"/> needs.</summary>
    public static long Workspace(in DepthwiseArguments arguments) => (Parts(arguments) + 1L) * Sums(arguments);

    /// <summary>
    /// ∂W and ∂bias of x and ∂y, summed over everything but tap and channel: (size² + 1) × kernels floats, the bias last.
    /// </summary>
    public static void WeightGradient(IKernelQueue queue, StorageType type, DepthwiseArguments arguments, nint result, nint workspace)
    {
        int sums = Sums(arguments), groups = arguments.Channels / arguments.Kernels;
        arguments.Parts = Parts(arguments);
        arguments.Partial = workspace;
        queue.Launch("depthwise", $"depthwise_weight_gradient_{LaunchShape.Suffix(type)}", LaunchShape.Exact((long)arguments.Parts * sums), LaunchShape.Threads, 0, arguments);
        nint total = groups == 1 ? result : workspace + (nint)arguments.Parts * sums * sizeof(float);
        SumKernel.Run(queue, workspace, total, 1, sums, arguments.Parts);
        if (groups > 1)
            SumKernel.Run(queue, total, result, arguments.Size * arguments.Size + 1, arguments.Kernels, groups);
    }

    private static long Elements(in DepthwiseArguments arguments) =>
        (long)arguments.Batch * arguments.Height * arguments.Width * arguments.Channels;

    private static int Sums(in DepthwiseArguments arguments) => (arguments.Size * arguments.Size + 1) * arguments.Channels;

    private static int Parts(in DepthwiseArguments arguments) =>
        Math.Clamp(arguments.Batch * arguments.Height / LeastLines, 1, MostParts);
}
