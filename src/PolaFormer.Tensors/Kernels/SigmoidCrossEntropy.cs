using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Binary cross-entropy of logits, and its gradient; elements cut into parts.</summary>
internal static unsafe class SigmoidCrossEntropy
{
    /// <summary>y[i]: the losses where <paramref name="dy"/> is null, else their gradient times dy.</summary>
    public static void Run(float* logits, float* targets, long count, float* dy, float* y)
    {
        int parts = Workers.PartsFor(count, 4096);
        Workers.Run(parts, new Body { Logits = logits, Targets = targets, Count = count, Dy = dy, Y = y, Parts = parts });
    }

    private struct Body : IParallelBody
    {
        public float* Logits, Targets, Dy, Y;
        public long Count;
        public int Parts;

        public readonly void Run(int part)
        {
            for (long i = Count * part / Parts; i < Count * (part + 1) / Parts; i++)
            {
                float x = Logits[i], fall = MathF.Exp(-Math.Abs(x));
                if (Dy == null)
                    Y[i] = Math.Max(x, 0) - (x * Targets[i]) + (float)Math.Log(1.0 + fall);
                else
                    Y[i] = Dy[i] * ((x >= 0 ? 1 / (1 + fall) : fall / (1 + fall)) - Targets[i]);
            }
        }
    }
}
