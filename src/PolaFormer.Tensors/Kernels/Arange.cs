using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Values at equal distances.</summary>
internal static unsafe class Arange
{
    /// <summary>y[i] = start + i·step.</summary>
    public static void Run(float start, float step, float* y, long count)
    {
        int parts = Workers.PartsFor(count, Elementwise.Grain);
        Workers.Run(parts, new Body { Y = y, Start = start, Step = step, Count = count, Parts = parts });
    }

    private struct Body : IParallelBody
    {
        public float* Y;
        public float Start, Step;
        public long Count;
        public int Parts;

        public readonly void Run(int part)
        {
            for (long i = Count * part / Parts; i < Count * (part + 1) / Parts; i++)
                Y[i] = MathF.FusedMultiplyAdd(i, Step, Start);
        }
    }
}
