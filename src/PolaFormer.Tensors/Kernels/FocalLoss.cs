using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Focal loss of logits by sigmoid, and its gradient; rows cut into parts.</summary>
internal static unsafe class FocalLoss
{
    /// <summary>y(rows, classes): the losses where <paramref name="dy"/> is null, else their gradient times dy.</summary>
    public static void Run(float* logits, long* labels, int rows, int classes, float gamma, float alpha, float* dy, float* y)
    {
        int parts = Workers.PartsFor((long)rows * classes, 4096);
        Workers.Run(parts, new Body { Logits = logits, Labels = labels, Rows = rows, Classes = classes, Gamma = gamma, Alpha = alpha, Dy = dy, Y = y, Parts = parts });
    }

    private struct Body : IParallelBody
    {
        public float* Logits, Dy, Y;
        public long* Labels;
        public int Rows, Classes, Parts;
        public float Gamma, Alpha;

        public readonly void Run(int part)
        {
            (int from, int to) = Workers.Range(Rows, Parts, part);
            for (int row = from; row < to; row++)
            {
                for (int c = 0; c < Classes; c++)
                {
                    long i = ((long)row * Classes) + c;

                    // By symmetry: with z = x for the class's own logit and −x for the others, q = sigmoid(−z) and H = softplus(−z).
                    bool isLabel = Labels[row] == c;
                    float z = isLabel ? Logits[i] : -Logits[i], factor = isLabel ? Alpha : 1 - Alpha;
                    float fall = MathF.Exp(-Math.Abs(z));
                    float q = z >= 0 ? fall / (1 + fall) : 1 / (1 + fall);
                    float entropy = Math.Max(-z, 0) + LogOnePlus(fall);
                    float weight = Gamma == 2 ? q * q : MathF.Pow(q, Gamma);
                    if (Dy == null)
                    {
                        Y[i] = factor * weight * entropy;
                        continue;
                    }

                    // dq/dz = −q·(1 − q), dH/dz = −q.
                    float slope = -factor * weight * ((Gamma * (1 - q) * entropy) + q);
                    Y[i] = Dy[i] * (isLabel ? slope : -slope);
                }
            }
        }

        // ln(1 + x) for x in [0, 1]; of float alone, small x would be lost.
        private static float LogOnePlus(float x) => (float)Math.Log(1.0 + x);
    }
}
