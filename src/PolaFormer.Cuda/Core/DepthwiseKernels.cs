namespace PolaFormer.Cuda.Core;

/// <summary>Depthwise convolution with its gate (depthwise.cu).</summary>
internal static class DepthwiseKernels
{
    private const int MostParts = 64, LeastLines = 4;

    // Runs of channels, and parts of lines in pieces, that a block of the weight gradient has.
    private const int Runs = 16, PartsOfBlock = LaunchShape.Threads / Runs, BlocksPerMultiprocessor = 4, Piece = 64;

    /// <summary>y = x ∗ W + bias (+ x), or (… + addend)·gate.</summary>
    public static void Forward(IKernelQueue queue, StorageType type, in DepthwiseArguments arguments) => queue.Launch(
        "depthwise", $"depthwise_{LaunchShape.Suffix(type)}",
        LaunchShape.Filling(queue, (long)arguments.Batch * arguments.OutHeight * arguments.OutWidth * arguments.Channels), LaunchShape.Threads, 0, arguments);

    /// <summary>∂x, to <c>Y</c>, of ∂y; with <c>AddInput</c> ∂y is added.</summary>
    public static void InputGradient(IKernelQueue queue, StorageType type, in DepthwiseArguments arguments) => queue.Launch(
        "depthwise", $"depthwise_gradient_{LaunchShape.Suffix(type)}",
        LaunchShape.Filling(queue, (long)arguments.Batch * arguments.Height * arguments.Width * arguments.Channels), LaunchShape.Threads, 0, arguments);

    /// <summary>Floats of workspace that <see cref="WeightGradient"/> needs.</summary>
    public static long Workspace(IKernelQueue queue, StorageType type, in DepthwiseArguments arguments) => (Parts(queue, type, arguments) + 2L) * (arguments.Taps + 1) * arguments.Channels;

    /// <summary>∂W (kernels × taps) and ∂bias, unless it is 0, of x and ∂y.</summary>
    public static void WeightGradient(IKernelQueue queue, StorageType type, DepthwiseArguments arguments, nint dweight, nint dbias, nint workspace)
    {
        arguments.IsQuick = IsQuick(type, arguments) ? 1 : 0;
        (arguments.Parts, arguments.Partial) = (Parts(queue, type, arguments), workspace);
        string kernel = $"depthwise_weight_gradient_{LaunchShape.Suffix(type)}";
        if (arguments.IsQuick == 1)
        {
            int shared = LaunchShape.Threads / 32 * (arguments.Taps + 1) * Runs * Channels(arguments) * sizeof(float);
            queue.Launch("depthwise", kernel, (long)arguments.Parts * Tiles(arguments), LaunchShape.Threads, shared, arguments);
        }
        else
        {
            queue.Launch("depthwise", kernel, LaunchShape.Exact((long)arguments.Parts * (arguments.Taps + 1) * arguments.Channels), LaunchShape.Threads, 0, arguments);
        }

        Gather(queue, workspace, arguments.Parts, arguments.Taps, arguments.Channels, arguments.Kernels, dweight, dbias);
    }

    /// <summary>
    /// The gradients of kernels from sums of parts, each (taps + 1) × channels with the bias last: parts are added in their order, and
    /// then the channels of a kernel. Behind the parts there is room for two more.
    /// </summary>
    public static void Gather(IKernelQueue queue, nint sums, int parts, int taps, int channels, int kernels, nint dweight, nint dbias)
    {
        int length = (taps + 1) * channels;
        nint total = sums + ((nint)parts * length * sizeof(float)), shared = total + ((nint)length * sizeof(float));
        SumKernel.Run(queue, sums, total, 1, length, parts);
        if (channels > kernels)
            SumKernel.Run(queue, total, shared, taps + 1, kernels, channels / kernels);
        else
            shared = total;
        CopyKernels.Copy(queue, sizeof(float), shared, dweight, new Walk([kernels, taps], [1, kernels], [taps, 1]));
        if (dbias != 0)
            CopyKernels.Copy(queue, sizeof(float), shared + ((nint)taps * kernels * sizeof(float)), dbias, kernels);
    }

    private static int Parts(IKernelQueue queue, StorageType type, in DepthwiseArguments arguments)
    {
        int lines = arguments.Batch * arguments.OutHeight;
        if (!IsQuick(type, arguments))
            return Math.Clamp(lines / LeastLines, 1, MostParts);
        int wanted = ((queue.Multiprocessors * BlocksPerMultiprocessor) + Tiles(arguments) - 1) / Tiles(arguments);
        int units = lines * ((arguments.OutWidth + Piece - 1) / Piece);
        return Math.Clamp(Math.Min(wanted, units / PartsOfBlock), 1, queue.Multiprocessors * BlocksPerMultiprocessor);
    }

    /// <summary>Channels of a thread, of which it has all taps in registers.</summary>
    private static int Channels(in DepthwiseArguments arguments) => arguments.Taps == 25 ? 2 : 4;

    private static int Tiles(in DepthwiseArguments arguments) => ((arguments.Channels / Channels(arguments)) + Runs - 1) / Runs;

    private static bool IsQuick(StorageType type, in DepthwiseArguments arguments)
    {
        bool isPlain = arguments is { StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1 } && (arguments.KernelHeight, arguments.KernelWidth) is (3, 3) or (5, 5) or (1, 5);
        int bytes = Channels(arguments) * (type == StorageType.Float ? 4 : 2);
        return isPlain && arguments.Channels % Channels(arguments) == 0 && (arguments.XRow | arguments.DYRow) % Channels(arguments) == 0 && (arguments.X | arguments.DY) % bytes == 0;
    }
}
