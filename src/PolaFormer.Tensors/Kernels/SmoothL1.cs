using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>L1 and smooth L1 of differences, and the gradient; elements cut into parts.</summary>
internal static unsafe class SmoothL1
{
    /// <summary>y[i]: the losses where <paramref name="dy"/> is null, else their gradient times dy.</summary>
    public static void Run(float* x, float* targets, long count, float beta, float* dy, float* y)
    {
        int parts = Workers.PartsFor(count, 16384);
        Workers.Run(parts, new Body { X = x, Targets = targets, Count = count, Beta = beta, Dy = dy, Y = y, Parts = parts });
    }

    private struct Body : IParallelBody
    {
        public float* X, Targets, Dy, Y;
        public long Count;
        public int Parts;
        public float Beta;

        public readonly void Run(int part)
        {
            for (long i = Count * part / Parts; i < Count * (part + 1) / Parts; i++)
            {
                float difference = X[i] - Targets[i], distance = Math.Abs(difference);
                if (Dy == null)
                    Y[i] = distance < Beta ? 0.5f * distance * distance / Beta : distance - (0.5f * Beta);
                else
                    Y[i] = Dy[i] * (distance < Beta ? difference / Beta : difference > 0 ? 1 : difference < 0 ? -1 : difference);
            }
        }
    }
}
