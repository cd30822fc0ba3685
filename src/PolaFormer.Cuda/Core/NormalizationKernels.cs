using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>Layer normalisation and softmax over the last dimension (normalization.cu).</summary>
internal static class NormalizationKernels
{
    // As normalization.cu has it.
    private const int MostInRegisters = 512;

    /// <summary>y = (x − mean)·rstd·weight + bias, of bfloat16 where x is, else of either type. Weight, bias, mean and rstd may be 0: not wanted.</summary>
    public static void LayerNorm(
        IKernelQueue queue, StorageType type, StorageType result, nint x, nint weight, nint bias, float eps, nint y, nint mean, nint rstd, long rows, int channels)
    {
        var arguments = new LayerNormArguments
        {
            X = x,
            Weight = weight,
            Bias = bias,
            Y = y,
            Mean = mean,
            Rstd = rstd,
            Rows = rows,
            Channels = channels,
            Eps = eps,
        };
        string suffix = type == result ? LaunchShape.Suffix(type) : "float_to_bf16";
        queue.Launch("normalization", $"layer_norm_{suffix}", LaunchShape.Rows(queue, rows), LaunchShape.Threads, 0, arguments);
    }

    /// <summary>Floats of workspace that <see cref="LayerNormGradient"/> needs.</summary>
    public static long Workspace(IKernelQueue queue, long rows, int channels) => GradientBlocks(queue, rows) * 2 * channels;

    /// <summary>∂x, and ∂weight and then ∂bias (2 · channels floats) unless <paramref name="parameters"/> is 0.</summary>
    public static void LayerNormGradient(
        IKernelQueue queue, StorageType type, nint x, nint weight, nint mean, nint rstd, nint dy, nint dx, nint parameters, nint workspace, long rows, int channels)
    {
        var arguments = new LayerNormArguments
        {
            X = x,
            DY = dy,
            Weight = weight,
            DX = dx,
            Mean = mean,
            Rstd = rstd,
            Partial = workspace,
            Rows = rows,
            Channels = channels,
        };
        long blocks = GradientBlocks(queue, rows);
        int shared = parameters == 0 ? 0 : SumsOfBlock(channels);
        queue.Launch("normalization", $"layer_norm_gradient_{LaunchShape.Suffix(type)}", blocks, LaunchShape.Threads, shared, arguments);
        if (parameters != 0)
            SumKernel.Run(queue, workspace, parameters, 1, 2 * channels, (int)blocks);
    }

    // Few, as each leaves a sum.
    private static long GradientBlocks(IKernelQueue queue, long rows) => Math.Min(LaunchShape.Rows(queue, rows), 2L * queue.Multiprocessors);

    /// <summary>Bytes for the sums of the lanes that have rows of channels in registers.</summary>
    private static int SumsOfBlock(int channels)
    {
        int lanes = channels <= 64 ? 16 : 32;
        return channels <= MostInRegisters ? LaunchShape.Threads / lanes * 2 * channels * sizeof(float) : 0;
    }

    /// <summary>y = softmax(x), or its logarithm.</summary>
    public static void Softmax(IKernelQueue queue, StorageType type, nint x, nint y, bool logarithm, long rows, int columns) =>
        Softmax(queue, "softmax", type, new SoftmaxArguments { X = x, Y = y, Rows = rows, Columns = columns, Logarithm = logarithm ? 1 : 0 });

    /// <summary>∂x of the result <paramref name="y"/>.</summary>
    public static void SoftmaxGradient(IKernelQueue queue, StorageType type, nint y, nint dy, nint dx, bool logarithm, long rows, int columns) =>
        Softmax(queue, "softmax_gradient", type, new SoftmaxArguments { X = y, DY = dy, Y = dx, Rows = rows, Columns = columns, Logarithm = logarithm ? 1 : 0 });

    private static void Softmax(IKernelQueue queue, string kernel, StorageType type, in SoftmaxArguments arguments) => queue.Launch(
        "normalization", $"{kernel}_{LaunchShape.Suffix(type)}", LaunchShape.Rows(queue, arguments.Rows), LaunchShape.Threads, 0, arguments);

    [StructLayout(LayoutKind.Sequential)]
    private struct LayerNormArguments
    {
        public nint X, DY, Weight, Bias, Y, DX, Mean, Rstd, Partial;
        public long Rows;
        public int Channels;
        public float Eps;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct SoftmaxArguments
    {
        public nint X, DY, Y;
        public long Rows;
        public int Columns, Logarithm;
    }
}
