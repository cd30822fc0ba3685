namespace PolaFormer.Cuda.Core;

/// <summary>Depthwise convolution with moved taps (deformable.cu).</summary>
internal static class DeformableKernels
{
    private const int MostParts = 16, LeastPixelsOfPart = 64;
    private const long MostInputWorkspace = 1L << 26;

    /// <summary>y, without gaps.</summary>
    public static void Forward(IKernelQueue queue, in DeformableArguments arguments) =>
        Launch(queue, "deformable", LaunchShape.Filling(queue, Pixels(arguments) * arguments.Channels), arguments);

    /// <summary>∂offsets.</summary>
    public static void OffsetGradient(IKernelQueue queue, in DeformableArguments arguments) =>
        Launch(queue, "deformable_offset_gradient", LaunchShape.Rows(queue, Pixels(arguments) * arguments.Size * arguments.Size), arguments);

    /// <summary>Floats of workspace that <see cref="InputGradient"/> needs.</summary>
    public static long InputWorkspace(in DeformableArguments arguments) => (InputParts(arguments) + 1L) * Pixels(arguments) * arguments.Channels;

    /// <summary>∂x to columns whose rows lie so many floats apart.</summary>
    public static void InputGradient(IKernelQueue queue, DeformableArguments arguments, nint dx, long dxRow, nint workspace)
    {
        (arguments.Parts, arguments.Partial) = (InputParts(arguments), workspace);
        int image = checked(arguments.Height * arguments.Width * arguments.Channels);
        Launch(queue, "deformable_gradient", LaunchShape.Exact((long)arguments.Batch * arguments.Parts * arguments.Channels), arguments);
        nint sums = workspace + ((nint)arguments.Batch * arguments.Parts * image * sizeof(float));
        SumKernel.Run(queue, workspace, sums, arguments.Batch, image, arguments.Parts);
        var walk = new Walk([checked((int)Pixels(arguments)), arguments.Channels], [arguments.Channels, 1], [dxRow, 1]);
        CopyKernels.Copy(queue, sizeof(float), sums, dx, walk);
    }

    /// <summary>Floats of workspace that <see cref="WeightGradient"/> needs.</summary>
    public static long WeightWorkspace(IKernelQueue queue, in DeformableArguments arguments) =>
        (WeightParts(queue, arguments) + 2L) * ((arguments.Size * arguments.Size) + 1) * arguments.Channels;

    /// <summary>∂W (kernels × taps) and ∂bias, unless it is 0.</summary>
    public static void WeightGradient(IKernelQueue queue, DeformableArguments arguments, nint dweight, nint dbias, nint workspace)
    {
        (arguments.Parts, arguments.Partial) = (WeightParts(queue, arguments), workspace);
        int taps = arguments.Size * arguments.Size;
        Launch(queue, "deformable_weight_gradient", LaunchShape.Exact((long)arguments.Parts * (taps + 1) * arguments.Channels), arguments);
        DepthwiseKernels.Gather(queue, workspace, arguments.Parts, taps, arguments.Channels, arguments.Kernels, dweight, dbias);
    }

    private static long Pixels(in DeformableArguments arguments) => (long)arguments.Batch * arguments.Height * arguments.Width;

    private static int InputParts(in DeformableArguments arguments)
    {
        long most = MostInputWorkspace / Math.Max(1, Pixels(arguments) * arguments.Channels);
        return (int)Math.Clamp(Math.Min(most, arguments.Height * arguments.Width / LeastPixelsOfPart), 1, MostParts);
    }

    private static int WeightParts(IKernelQueue queue, in DeformableArguments arguments) =>
        LaunchShape.Parts(queue, arguments.Channels * ((arguments.Size * arguments.Size) + 1), Pixels(arguments));

    private static void Launch(IKernelQueue queue, string kernel, long blocks, in DeformableArguments arguments) =>
        queue.Launch("deformable", kernel, blocks, LaunchShape.Threads, 0, arguments);
}
