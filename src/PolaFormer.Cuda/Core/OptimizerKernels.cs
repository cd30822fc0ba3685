using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>Updates of many arrays in one launch (optimizer.cu).</summary>
internal static class OptimizerKernels
{
    private const int BlocksOfNorm = 256;

    /// <summary>Floats of workspace that the norm of so many tables needs.</summary>
    public static long NormWorkspace(int tables) => 2L * tables * BlocksOfNorm;

    /// <summary>Adds a parameter to the table of a step of AdamW.</summary>
    public static void Add(
        ref ParameterTable table, nint weight, nint gradient, nint mean, nint square, long count, double learningRate, double weightDecay, in AdamWStep step) =>
        table.Add(
            count, weight, gradient, mean, square, (float)(learningRate / (1 - Math.Pow(step.Beta1, step.Step))), (float)(1 - (learningRate * weightDecay)));

    /// <summary>One step of AdamW of a table's parameters.</summary>
    public static void AdamW(IKernelQueue queue, in ParameterTable table, in AdamWStep step) => Launch(queue, "adamw", table, new AdamWArguments
    {
        Beta1 = (float)step.Beta1,
        Beta1Rest = (float)(1 - step.Beta1),
        Beta2 = (float)step.Beta2,
        Beta2Rest = (float)(1 - step.Beta2),
        RootCorrection = (float)Math.Sqrt(1 - Math.Pow(step.Beta2, step.Step)),
        Epsilon = (float)step.Epsilon,
        GradientScale = step.GradientScale,
        Table = table,
    });

    /// <summary>One step of gradient descent of a table's parameters: weight, gradient, and velocity as the mean.</summary>
    public static void Descend(IKernelQueue queue, in ParameterTable table, in SgdStep step) => Launch(queue, "descent", table, new DescentArguments
    {
        GradientScale = step.GradientScale,
        Momentum = (float)step.Momentum,
        Nesterov = step.Nesterov ? 1 : 0,
        Table = table,
    });

    /// <summary>target = keep·target + take·source.</summary>
    public static void MoveAverage(IKernelQueue queue, in ParameterTable table, float keep, float take) =>
        Launch(queue, "move_average", table, new AverageArguments { Keep = keep, Take = take, Table = table });

    /// <summary>The same of whole numbers of 64 bits, in float and cut.</summary>
    public static void MoveAverageOfCounts(IKernelQueue queue, nint target, nint source, long count, float keep, float take) => queue.Launch(
        "optimizer", "move_average_of_counts", LaunchShape.Filling(queue, count), LaunchShape.Threads, 0,
        new CountAverageArguments { Target = target, Source = source, Count = count, Keep = keep, Take = take });

    /// <summary>Scales so that a norm, a double, is at most <paramref name="largest"/>.</summary>
    public static void ClipByNorm(IKernelQueue queue, in ParameterTable table, nint norm, double largest) =>
        Launch(queue, "clip", table, new ClipArguments { Norm = norm, Largest = largest, Table = table });

    /// <summary>Holds every element within ± a limit.</summary>
    public static void ClipByValue(IKernelQueue queue, in ParameterTable table, float limit) =>
        Launch(queue, "clip", table, new ClipArguments { Limit = limit, Table = table });

    /// <summary>Sums of squares of one of the tables of a norm.</summary>
    public static void Squares(IKernelQueue queue, in ParameterTable table, int number, nint workspace) => queue.Launch(
        "optimizer", "squares", BlocksOfNorm, LaunchShape.Threads, LaunchShape.Threads * sizeof(double),
        new NormArguments { Partial = workspace + (number * BlocksOfNorm * sizeof(double)), Table = table });

    /// <summary>The norm, a double, of the sums of so many tables.</summary>
    public static void Norm(IKernelQueue queue, int tables, nint workspace, nint norm) => queue.Launch(
        "optimizer", "norm_of_squares", 1, 32, 0, new NormArguments { Partial = workspace, Norm = norm, Parts = tables * BlocksOfNorm });

    private static void Launch<T>(IKernelQueue queue, string kernel, in ParameterTable table, in T arguments) where T : unmanaged =>
        queue.Launch("optimizer", kernel, LaunchShape.Filling(queue, table.Total), LaunchShape.Threads, 0, arguments);

    [StructLayout(LayoutKind.Sequential)]
    private struct AdamWArguments
    {
        public float Beta1, Beta1Rest, Beta2, Beta2Rest, RootCorrection, Epsilon, GradientScale;
        public ParameterTable Table;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct DescentArguments
    {
        public float GradientScale, Momentum;
        public int Nesterov;
        public ParameterTable Table;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct AverageArguments
    {
        public float Keep, Take;
        public ParameterTable Table;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct CountAverageArguments
    {
        public nint Target, Source;
        public long Count;
        public float Keep, Take;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ClipArguments
    {
        public nint Norm;
        public double Largest;
        public float Limit;
        public ParameterTable Table;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct NormArguments
    {
        public nint Partial, Norm;
        public int Parts;
        public ParameterTable Table;
    }
}
