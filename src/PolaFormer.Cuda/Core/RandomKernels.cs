using System.Runtime.InteropServices;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.Core;

/// <summary>The numbers of <see cref="Philox"/> on a GPU (core.cu): the same bits for uniform ones, within rounding for normal ones.</summary>
internal static class RandomKernels
{
    /// <summary>values[i] = scale·u + offset of number <paramref name="start"/> + i, which must be a multiple of 4.</summary>
    public static void Uniform(IKernelQueue queue, StorageType type, in GeneratorOnDevice generator, nint values, long count, float scale = 1, float offset = 0, ulong start = 0) =>
        Run(queue, "uniform", type, generator, values, count, scale, offset, start);

    /// <summary>The same of normal numbers.</summary>
    public static void Normal(IKernelQueue queue, StorageType type, in GeneratorOnDevice generator, nint values, long count, float scale = 1, float offset = 0, ulong start = 0) =>
        Run(queue, "normal", type, generator, values, count, scale, offset, start);

    /// <summary>y = x·f with f = 0 where an element's uniform number is below a probability, else its complement's reciprocal.</summary>
    public static void Dropout(IKernelQueue queue, nint x, float probability, in GeneratorOnDevice generator, nint y, long count) => queue.Launch(
        "core", "dropout", LaunchShape.Filling(queue, (count + 3) / 4), LaunchShape.Threads, 0, new DropoutArguments
        {
            X = x,
            Y = y,
            Count = count,
            Generator = generator,
            Probability = probability,
            Kept = 1 / (1 - probability),
        });

    private static void Run(IKernelQueue queue, string kernel, StorageType type, in GeneratorOnDevice generator, nint values, long count, float scale, float offset, ulong start)
    {
        if (start % 4 != 0)
            throw new ArgumentException("Numbers are drawn four at a time.", nameof(start));
        queue.Launch("core", $"{kernel}_{LaunchShape.Suffix(type)}", LaunchShape.Exact((count + 3) / 4), LaunchShape.Threads, 0, new Arguments
        {
            Values = values,
            Count = count,
            Generator = generator,
            Start = start,
            Scale = scale,
            Offset = offset,
        });
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint Values;
        public long Count;
        public GeneratorOnDevice Generator;
        public ulong Start;
        public float Scale, Offset;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct DropoutArguments
    {
        public nint X, Y;
        public long Count;
        public GeneratorOnDevice Generator;
        public float Probability, Kept;
    }
}
