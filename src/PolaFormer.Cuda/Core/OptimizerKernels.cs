using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>Updates of many arrays in one launch (optimizer.cu).</summary>
internal static class OptimizerKernels
{
    private const int BlocksOfNorm = 256;

    /// <summary>Floats of workspace that the norm of so many tables needs.</summary>
    public static long NormWorkspace(int tables) => 2L * tables * BlocksOfNorm;

    /// <summary>One step of AdamW of a table's parameters, with the rates that <see cref="AdamWStep.WriteRates"/> writes.</summary>
    public static void AdamW(IKernelQueue queue, in ParameterTable table, in AdamWStep step) => Launch(queue, "adamw", table, new AdamWArguments
    {
        Beta2 = (float)step.Beta2,
        Beta2Rest = (float)(1 - step.Beta2),
        Epsilon = (float)step.Epsilon,
        GradientScale = step.GradientScale,
        Table = table,
    });

    /// <summary>One step of gradient descent of a table's parameters: weight, gradient, velocity as the mean, and as rates learning rate and decay.</summary>
    public static void Descend(IKernelQueue queue, in ParameterTable table, in SgdStep step) => Launch(queue, "descent", table, new DescentArguments
    {
        GradientScale = step.GradientScale,
        Momentum = (float)step.Momentum,
        Nesterov = step.Nesterov ? 1 : 0,
        Table = table,
    });

    /// <summary>target = keep·target + take·source; the rates are both factors.</summary>
    public static void MoveAverage(IKernelQueue queue, in ParameterTable table) =>
        Launch(queue, "move_average", table, new AverageArguments { Table = table });

    /// <summary>The same of whole numbers of 64 bits, in float and cut.</summary>
    public static void MoveAverageOfCounts(IKernelQueue queue, nint target, nint source, long count, nint rates) => queue.Launch(
        "optimizer", "move_average_of_counts", LaunchShape.Filling(queue, count), LaunchShape.Threads, 0,
        new CountAverageArguments { Target = target, Source = source, Count = count, Rates = rates });

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
        public float Beta2, Beta2Rest, Epsilon, GradientScale;
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
        public ParameterTable Table;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct CountAverageArguments
    {
        public nint Target, Source, Rates;
        public long Count;
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
