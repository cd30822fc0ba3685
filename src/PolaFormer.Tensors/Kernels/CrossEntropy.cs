using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Cross-entropy of logits (rows, classes), a loss a row: −Σ t·log p with p the softmax of the logits and t either given
/// (mixup, cutmix) or made of a label: (1 − smoothing) at the label plus smoothing/classes everywhere.
/// </summary>
internal static unsafe class CrossEntropy
{
    /// <summary>losses(rows) for targets(rows, classes).</summary>
    public static void Soft(float* logits, float* targets, long rows, int classes, float* losses) =>
        Run(new Body { Logits = logits, Targets = targets, Output = losses, Rows = rows, Classes = classes });

    /// <summary>dlogits = dlosses·(p·Σt − t).</summary>
    public static void SoftBackward(float* logits, float* targets, float* dLosses, long rows, int classes, float* dLogits) =>
        Run(new Body { Logits = logits, Targets = targets, LossGradients = dLosses, Output = dLogits, Rows = rows, Classes = classes });

    /// <summary>losses(rows) for labels(rows).</summary>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class; nothing is written then.</exception>
    public static void Label(float* logits, long* labels, float smoothing, long rows, int classes, float* losses)
    {
        Check(labels, rows, classes);
        Run(new Body { Logits = logits, Labels = labels, Smoothing = smoothing, Output = losses, Rows = rows, Classes = classes });
    }

    /// <summary>dlogits = dlosses·(p − t).</summary>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class; nothing is written then.</exception>
    public static void LabelBackward(float* logits, long* labels, float smoothing, float* dLosses, long rows, int classes, float* dLogits)
    {
        Check(labels, rows, classes);
        Run(new Body { Logits = logits, Labels = labels, Smoothing = smoothing, LossGradients = dLosses, Output = dLogits, Rows = rows, Classes = classes });
    }

    private static void Check(long* labels, long rows, int classes)
    {
        for (long i = 0; i < rows; i++)
        {
            if ((ulong)labels[i] >= (ulong)classes)
                throw new ArgumentOutOfRangeException(nameof(labels), labels[i], $"Label {i} is {labels[i]}, but there are {classes} classes.");
        }
    }

    private static void Run(Body body)
    {
        if (body.Rows == 0 || body.Classes == 0)
            return;
        body.Parts = (int)Math.Min(body.Rows, Workers.PartsFor(body.Rows * body.Classes, Elementwise.Grain / 2));
        Workers.Run(body.Parts, body);
    }

    private struct Body : IParallelBody
    {
        public float* Logits, Targets, LossGradients, Output;
        public long* Labels;
        public float Smoothing;
        public long Rows;
        public int Classes, Parts;

        public readonly void Run(int part)
        {
            if (VectorWidth.Is512)
                Run<Float32x16>(part);
            else if (VectorWidth.Is256)
                Run<Float32x8>(part);
            else
                Run<Float32x4>(part);
        }

        private readonly void Run<T>(int part) where T : unmanaged, IFloat32Vector<T>
        {
            for (long row = Rows * part / Parts; row < Rows * (part + 1) / Parts; row++)
            {
                float* x = Logits + (row * Classes), t = Targets == null ? null : Targets + (row * Classes);
                float max = Reduction.RowMax<T>(x, Classes);
                if (LossGradients == null)
                    Output[row] = (float)Loss<T>(x, t, row, max);
                else
                    Gradient<T>(x, t, row, max, Output + (row * Classes));
            }
        }

        /// <summary>With z = x − max: Σ t·(ln Σ exp z − z).</summary>
        private readonly double Loss<T>(float* x, float* t, long row, float max) where T : unmanaged, IFloat32Vector<T>
        {
            double logSum = Math.Log(Softmax.ExpSum<T>(x, null, max, Classes));
            if (t != null)
                return (Reduction.RowSum<T>(t, Classes) * (logSum + max)) - Reduction.RowDot<T>(t, x, Classes);
            double atLabel = logSum + max - x[Labels[row]];
            return Smoothing == 0 ? atLabel : ((1 - (double)Smoothing) * atLabel) + (Smoothing * (logSum + max - (Reduction.RowSum<T>(x, Classes) / Classes)));
        }

        private readonly void Gradient<T>(float* x, float* t, long row, float max, float* dx) where T : unmanaged, IFloat32Vector<T>
        {
            float gradient = LossGradients[row];
            double weight = t == null ? 1 : Reduction.RowSum<T>(t, Classes);
            T factor = T.Create((float)(gradient * weight / Softmax.ExpSum<T>(x, dx, max, Classes))), scale = T.Create(gradient);
            T everywhere = T.Create(gradient * Smoothing / Classes);
            for (int c = 0; c < Classes; c += T.Count)
            {
                int width = Math.Min(T.Count, Classes - c);
                T target = t == null ? everywhere : T.LoadPartial(t + c, width) * scale;
                T.StorePartial((T.LoadPartial(dx + c, width) * factor) - target, dx + c, width);
            }

            if (t == null)
                dx[Labels[row]] -= gradient * (1 - Smoothing);
        }
    }
}
