using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>Rows of channels, some of them columns of wider rows (columns.cu). Strides are floats from one row to the next.</summary>
internal static class ColumnKernels
{
    /// <summary>y += x.</summary>
    public static void Add(IKernelQueue queue, nint x, nint y, long yRow, long rows, int width) => queue.Launch(
        "columns", "add_to_columns", LaunchShape.Filling(queue, rows * width), LaunchShape.Threads, 0,
        new ColumnsArguments { X = x, Y = y, YRow = yRow, Rows = rows, Width = width });

    /// <summary>y = x, which is bfloat16 without gaps.</summary>
    public static void Widen(IKernelQueue queue, nint x, nint y, long yRow, long rows, int width) => queue.Launch(
        "columns", "widen_columns", LaunchShape.Filling(queue, rows * width), LaunchShape.Threads, 0,
        new ColumnsArguments { X = x, Y = y, YRow = yRow, Rows = rows, Width = width });

    /// <summary>Of y = sum·gate: dSum = dy·gate, dGate = dy·sum.</summary>
    public static void GateGradient(
        IKernelQueue queue, nint dy, nint sum, nint gate, long gateRow, nint dSum, nint dGate, long dGateRow, long rows, int width) => queue.Launch(
        "columns", "gate_gradient", LaunchShape.Filling(queue, rows * width), LaunchShape.Threads, 0, new ColumnsArguments
        {
            X = dy,
            Other = sum,
            Gate = gate,
            Y = dSum,
            GateGradient = dGate,
            Rows = rows,
            GateRow = gateRow,
            GateGradientRow = dGateRow,
            Width = width,
        });

    /// <summary>y = x turned by the tables (tokens × head channels), or turned back.</summary>
    public static void Rotate(
        IKernelQueue queue, nint x, long xRow, nint sin, nint cos, nint y, long yRow, long rows, int tokens, int width, int headDim, bool back) => queue.Launch(
        "columns", "rotate", LaunchShape.Filling(queue, rows * width), LaunchShape.Threads, 0, new RotateArguments
        {
            X = x,
            Sin = sin,
            Cos = cos,
            Y = y,
            Rows = rows,
            XRow = xRow,
            YRow = yRow,
            Tokens = tokens,
            Width = width,
            HeadDim = headDim,
            Back = back ? 1 : 0,
        });

    /// <summary>y = residual + f·γ·branch, which is of a type. The residual and the factors of samples f and of channels γ may be 0: not there.</summary>
    public static void AddBranch(
        IKernelQueue queue, StorageType type, nint residual, nint branch, nint channelFactors, nint sampleFactors, nint y, long rows, long rowsPerSample, int channels) =>
        queue.Launch("columns", $"add_branch_{LaunchShape.Suffix(type)}", LaunchShape.Filling(queue, rows * channels), LaunchShape.Threads, 0, new BranchArguments
        {
            Residual = residual,
            Branch = branch,
            ChannelFactors = channelFactors,
            SampleFactors = sampleFactors,
            Y = y,
            Rows = rows,
            RowsPerSample = rowsPerSample,
            Channels = channels,
        });

    /// <summary>Floats of workspace that <see cref="BranchChannelGradient"/> needs.</summary>
    public static long Workspace(IKernelQueue queue, long rows, int channels) => (long)LaunchShape.Parts(queue, channels, rows) * channels;

    /// <summary>∂γ = Σ f·branch·∂y over the rows.</summary>
    public static void BranchChannelGradient(
        IKernelQueue queue, nint branch, nint sampleFactors, nint dy, nint result, nint workspace, long rows, long rowsPerSample, int channels)
    {
        int parts = LaunchShape.Parts(queue, channels, rows);
        queue.Launch("columns", "branch_channel_gradient", LaunchShape.Exact((long)parts * channels), LaunchShape.Threads, 0, new BranchArguments
        {
            Residual = dy,
            Branch = branch,
            SampleFactors = sampleFactors,
            Partial = workspace,
            Rows = rows,
            RowsPerSample = rowsPerSample,
            Channels = channels,
            Parts = parts,
        });
        SumKernel.Run(queue, workspace, result, 1, channels, parts);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ColumnsArguments
    {
        public nint X, Other, Gate, Y, GateGradient;
        public long Rows, YRow, GateRow, GateGradientRow;
        public int Width;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct RotateArguments
    {
        public nint X, Sin, Cos, Y;
        public long Rows, XRow, YRow;
        public int Tokens, Width, HeadDim, Back;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct BranchArguments
    {
        public nint Residual, Branch, ChannelFactors, SampleFactors, Y, Partial;
        public long Rows, RowsPerSample;
        public int Channels, Parts;
    }
}
