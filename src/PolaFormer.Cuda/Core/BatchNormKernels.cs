using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>Batch normalisation of (rows, channels) (normalization.cu).</summary>
internal static class BatchNormKernels
{
    /// <summary>Floats of workspace that statistics and gradients need.</summary>
    public static long Workspace(IKernelQueue queue, long rows, int channels) => (LaunchShape.Parts(queue, channels, rows) + 1L) * 2 * channels;

    /// <summary>Of each channel the mean, 1/√(variance + eps) and the unbiased variance.</summary>
    public static void Statistics(IKernelQueue queue, nint x, long rows, int channels, float eps, nint mean, nint rstd, nint unbiased, nint workspace)
    {
        var arguments = new Arguments
        {
            X = x,
            Mean = mean,
            Rstd = rstd,
            Unbiased = unbiased,
            Partial = workspace,
            Rows = rows,
            Channels = channels,
            Parts = LaunchShape.Parts(queue, channels, rows),
            Eps = eps,
        };
        Launch(queue, "batch_statistics", LaunchShape.Exact((long)arguments.Parts * channels), arguments);
        const int ChannelsOfBlock = 32, FloatsOfThread = 3;
        Launch(
            queue, "join_batch_statistics", (channels + ChannelsOfBlock - 1) / ChannelsOfBlock, arguments, LaunchShape.Threads * FloatsOfThread * sizeof(float));
    }

    /// <summary>y = (x − mean)·rstd·weight + bias.</summary>
    public static void Normalize(IKernelQueue queue, nint x, nint mean, nint rstd, nint weight, nint bias, nint y, long rows, int channels) => Launch(
        queue, "batch_norm", LaunchShape.Filling(queue, rows * channels),
        new Arguments { X = x, Mean = mean, Rstd = rstd, Weight = weight, Bias = bias, Y = y, Rows = rows, Channels = channels });

    /// <summary>The gradients, of statistics of the batch or of constant ones.</summary>
    public static void Gradient(
        IKernelQueue queue, nint x, nint mean, nint rstd, nint weight, nint dy, bool batchStatistics, nint dx, nint dweight, nint dbias,
        long rows, int channels, nint workspace)
    {
        var arguments = new Arguments
        {
            X = x,
            DY = dy,
            Weight = weight,
            Y = dx,
            Mean = mean,
            Rstd = rstd,
            Partial = workspace,
            DWeight = dweight,
            DBias = dbias,
            Rows = rows,
            Channels = channels,
            Parts = LaunchShape.Parts(queue, channels, rows),
            BatchStatistics = batchStatistics ? 1 : 0,
        };
        Launch(queue, "batch_norm_sums", LaunchShape.Exact((long)arguments.Parts * channels), arguments);
        nint sums = workspace + ((nint)arguments.Parts * 2 * channels * sizeof(float));
        SumKernel.Run(queue, workspace, sums, 1, 2 * channels, arguments.Parts);
        CopyKernels.Copy(queue, sizeof(float), sums, dweight, channels);
        CopyKernels.Copy(queue, sizeof(float), sums + (channels * sizeof(float)), dbias, channels);
        Launch(queue, "batch_norm_gradient", LaunchShape.Filling(queue, rows * channels), arguments);
    }

    private static void Launch(IKernelQueue queue, string kernel, long blocks, in Arguments arguments, int shared = 0) =>
        queue.Launch("normalization", kernel, blocks, LaunchShape.Threads, shared, arguments);

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint X, DY, Weight, Bias, Y, Mean, Rstd, Unbiased, Partial, DWeight, DBias;
        public long Rows;
        public int Channels, Parts, BatchStatistics;
        public float Eps;
    }
}
