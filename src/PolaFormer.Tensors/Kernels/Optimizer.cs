using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Fused updates of parameters, every operation in the order torch 1.13 does it.</summary>
internal static unsafe class Optimizer
{
    /// <summary>
    /// w −= lr·wd·w; m = β₁·m + (1 − β₁)·g; v = β₂·v + (1 − β₂)·g²; w −= lr/(1 − β₁ᵗ)·m/(√v/√(1 − β₂ᵗ) + ε) for rows (w, g, m, v).
    /// Mean and square start at 0.
    /// </summary>
    public static void AdamW(in AdamWStep step, ReadOnlySpan<ArrayRow> rows) => ArrayRows.Run(rows, new AdamWUpdate
    {
        Correction1 = 1 - Math.Pow(step.Beta1, step.Step),
        Scale = step.GradientScale,
        Beta1 = (float)step.Beta1,
        Beta1Rest = (float)(1 - step.Beta1),
        Beta2 = (float)step.Beta2,
        Beta2Rest = (float)(1 - step.Beta2),
        RootCorrection = (float)Math.Sqrt(1 - Math.Pow(step.Beta2, step.Step)),
        Epsilon = (float)step.Epsilon,
    });

    /// <summary>
    /// g += wd·w; u = momentum·u + g; w −= lr·(nesterov ? g + momentum·u : u) for rows (w, g, u). The velocity starts at 0, and may be
    /// null without momentum.
    /// </summary>
    public static void Sgd(in SgdStep step, ReadOnlySpan<ArrayRow> rows) => ArrayRows.Run(rows, new SgdUpdate
    {
        Scale = step.GradientScale,
        Momentum = (float)step.Momentum,
        HasMomentum = step.Momentum != 0,
        Nesterov = step.Nesterov,
    });

    private struct AdamWUpdate : IRowUpdate
    {
        public double Correction1;
        public float Scale, Beta1, Beta1Rest, Beta2, Beta2Rest, RootCorrection, Epsilon;

        public readonly void Run<T>(in ArrayRow row, long from, long to) where T : unmanaged, IFloat32Vector<T>
        {
            float* weight = row.Target, gradient = row.Source, mean = row.First, square = row.Second;
            T keep = T.Create((float)(1 - (row.LearningRate * row.WeightDecay))), stepSize = T.Create((float)(row.LearningRate / Correction1));
            long i = from;
            for (; i <= to - T.Count; i += T.Count)
            {
                T w = T.Load(weight + i), m = T.Load(mean + i), v = T.Load(square + i);
                Update(ref w, T.Load(gradient + i), ref m, ref v, keep, stepSize);
                T.Store(w, weight + i);
                T.Store(m, mean + i);
                T.Store(v, square + i);
            }

            if (i < to)
            {
                int rest = (int)(to - i);
                T w = T.LoadPartial(weight + i, rest), m = T.LoadPartial(mean + i, rest), v = T.LoadPartial(square + i, rest);
                Update(ref w, T.LoadPartial(gradient + i, rest), ref m, ref v, keep, stepSize);
                T.StorePartial(w, weight + i, rest);
                T.StorePartial(m, mean + i, rest);
                T.StorePartial(v, square + i, rest);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Update<T>(ref T w, T g, ref T m, ref T v, T keep, T stepSize) where T : unmanaged, IFloat32Vector<T>
        {
            g *= T.Create(Scale);
            w *= keep;
            m = T.MultiplyAdd(g, T.Create(Beta1Rest), m * T.Create(Beta1));
            v = T.MultiplyAdd(g * g, T.Create(Beta2Rest), v * T.Create(Beta2));
            T denominator = (T.Sqrt(v) / T.Create(RootCorrection)) + T.Create(Epsilon);
            w -= stepSize * (m / denominator);
        }
    }

    private struct SgdUpdate : IRowUpdate
    {
        public float Scale, Momentum;
        public bool HasMomentum, Nesterov;

        public readonly void Run<T>(in ArrayRow row, long from, long to) where T : unmanaged, IFloat32Vector<T>
        {
            T momentum = T.Create(Momentum), decay = T.Create((float)row.WeightDecay), learningRate = T.Create((float)row.LearningRate);
            for (long i = from; i < to; i += T.Count)
            {
                int width = (int)Math.Min(T.Count, to - i);
                T w = T.LoadPartial(row.Target + i, width);
                T g = T.MultiplyAdd(w, decay, T.LoadPartial(row.Source + i, width) * T.Create(Scale));
                if (HasMomentum)
                {
                    T u = T.MultiplyAdd(T.LoadPartial(row.First + i, width), momentum, g);
                    T.StorePartial(u, row.First + i, width);
                    g = Nesterov ? T.MultiplyAdd(u, momentum, g) : u;
                }

                T.StorePartial(w - (learningRate * g), row.Target + i, width);
            }
        }
    }
}
