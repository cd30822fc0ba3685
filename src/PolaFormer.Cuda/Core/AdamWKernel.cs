using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>AdamW over all parameters in one launch (optimizer.cu).</summary>
internal static class AdamWKernel
{
    private const int ElementsPerThread = 4;

    /// <summary>The rate and decay of a parameter's row in a step.</summary>
    public static void Set(ref AdamWParameter parameter, double learningRate, double weightDecay, in AdamWStep step)
    {
        parameter.Keep = (float)(1 - learningRate * weightDecay);
        parameter.StepSize = (float)(learningRate / (1 - Math.Pow(step.Beta1, step.Step)));
    }

    /// <summary>
    /// Updates the parameters of a table in the GPU's memory, <paramref name="total"/> elements in all.
    /// </summary>
    public static void Run(IKernelQueue queue, nint table, int parameters, long total, in AdamWStep step) => queue.Launch(
        "optimizer", "adamw", LaunchShape.Exact((total + ElementsPerThread - 1) / ElementsPerThread), LaunchShape.Threads, 0, new Arguments
        {
            Table = table,
            Parameters = parameters,
            Total = total,
            Beta1 = (float)step.Beta1,
            Beta1Rest = (float)(1 - step.Beta1),
            Beta2 = (float)step.Beta2,
            Beta2Rest = (float)(1 - step.Beta2),
            RootCorrection = (float)Math.Sqrt(1 - Math.Pow(step.Beta2, step.Step)),
            Epsilon = (float)step.Epsilon,
            GradientScale = step.GradientScale,
        });

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint Table;
        public int Parameters;
        public long Total;
        public float Beta1, Beta1Rest, Beta2, Beta2Rest, RootCorrection, Epsilon, GradientScale;
    }
}
