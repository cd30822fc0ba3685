using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>Layer normalisation and softmax over the last dimension (normalization.cu).</summary>
internal static class NormalizationKernels
{
    /// <summary>y = (x − mean)·rstd·weight + bias. Weight, bias, mean and rstd may be 0: not wanted.</summary>
    public static void LayerNorm(
        IKernelQueue queue, StorageType type, nint x, nint weight, nint bias, float eps, nint y, nint mean, nint rstd, long rows, int channels)
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
        queue.Launch("normalization", $"layer_norm_{LaunchShape.Suffix(type)}", LaunchShape.Rows(queue, rows), LaunchShape.Threads, 0, arguments);
    }

    /// <summary>Floats of workspace that <see cref="LayerNormGradient"/> needs.</summary>
    public static long Workspace(IKernelQueue queue, long rows, int channels) => LaunchShape.Rows(queue, rows) * 2 * channels;

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
        long blocks = LaunchShape.Rows(queue, rows);
        queue.Launch("normalization", $"layer_norm_gradient_{LaunchShape.Suffix(type)}", blocks, LaunchShape.Threads, 0, arguments);
        if (parameters == 0)
            return;
        queue.Launch("normalization", $"layer_norm_weight_gradient_{LaunchShape.Suffix(type)}", blocks, LaunchShape.Threads, 0, arguments);
        SumKernel.Run(queue, workspace, parameters, 1, 2 * channels, (int)blocks);
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
