using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Fused updates of parameters, every operation in the order torch 1.13 does it.</summary>
internal static unsafe class Optimizer
{
    /// <summary>
    /// w −= lr·wd·w; m = β₁·m + (1 − β₁)·g; v = β₂·v + (1 − β₂)·g²; w −= lr/(1 − β₁ᵗ)·m/(√v/√(1 − β₂ᵗ) + ε).
    /// Mean and square start at 0.
    /// </summary>
    public static void AdamW(in AdamWStep step, float* weight, float* gradient, float* mean, float* square, long count)
    {
        double correction1 = 1 - Math.Pow(step.Beta1, step.Step), correction2 = 1 - Math.Pow(step.Beta2, step.Step);
        int parts = Workers.PartsFor(count, Elementwise.Grain);
        Workers.Run(parts, new AdamWBody
        {
            Weight = weight,
            Gradient = gradient,
            Mean = mean,
            Square = square,
            Count = count,
            Parts = parts,
            Scale = step.GradientScale,
            Keep = (float)(1 - step.LearningRate * step.WeightDecay),
            StepSize = (float)(step.LearningRate / correction1),
            Beta1 = (float)step.Beta1,
            Beta1Rest = (float)(1 - step.Beta1),
            Beta2 = (float)step.Beta2,
            Beta2Rest = (float)(1 - step.Beta2),
            RootCorrection = (float)Math.Sqrt(correction2),
            Epsilon = (float)step.Epsilon,
        });
    }

    /// <summary>
    /// g += wd·w; u = momentum·u + g; w −= lr·(nesterov ? g + momentum·u : u). The velocity starts at 0, and may be null without momentum.
    /// </summary>
    public static void Sgd(in SgdStep step, float* weight, float* gradient, float* velocity, long count)
    {
        int parts = Workers.PartsFor(count, Elementwise.Grain);
        Workers.Run(parts, new SgdBody
        {
            Weight = weight,
            Gradient = gradient,
            Velocity = step.Momentum == 0 ? null : velocity,
            Count = count,
            Parts = parts,
            Scale = step.GradientScale,
            Decay = (float)step.WeightDecay,
            Momentum = (float)step.Momentum,
            LearningRate = (float)step.LearningRate,
            Nesterov = step.Nesterov,
        });
    }

    private struct AdamWBody : IParallelBody
    {
        public float* Weight, Gradient, Mean, Square;
        public long Count;
        public int Parts;
        public float Scale, Keep, StepSize, Beta1, Beta1Rest, Beta2, Beta2Rest, RootCorrection, Epsilon;

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
            long i = Count * part / Parts, to = Count * (part + 1) / Parts;
            for (; i <= to - T.Count; i += T.Count)
            {
                T w = T.Load(Weight + i), m = T.Load(Mean + i), v = T.Load(Square + i);
                Update(ref w, T.Load(Gradient + i), ref m, ref v);
                T.Store(w, Weight + i);
                T.Store(m, Mean + i);
                T.Store(v, Square + i);
            }

            if (i < to)
            {
                int rest = (int)(to - i);
                T w = T.LoadPartial(Weight + i, rest), m = T.LoadPartial(Mean + i, rest), v = T.LoadPartial(Square + i, rest);
                Update(ref w, T.LoadPartial(Gradient + i, rest), ref m, ref v);
                T.StorePartial(w, Weight + i, rest);
                T.StorePartial(m, Mean + i, rest);
                T.StorePartial(v, Square + i, rest);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Update<T>(ref T w, T g, ref T m, ref T v) where T : unmanaged, IFloat32Vector<T>
        {
            g *= T.Create(Scale);
            w *= T.Create(Keep);
            m = T.MultiplyAdd(g, T.Create(Beta1Rest), m * T.Create(Beta1));
            v = T.MultiplyAdd(g * g, T.Create(Beta2Rest), v * T.Create(Beta2));
            T denominator = T.Sqrt(v) / T.Create(RootCorrection) + T.Create(Epsilon);
            w -= T.Create(StepSize) * (m / denominator);
        }
    }

    private struct SgdBody : IParallelBody
    {
        public float* Weight, Gradient, Velocity;
        public long Count;
        public int Parts;
        public float Scale, Decay, Momentum, LearningRate;
        public bool Nesterov;

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
            long to = Count * (part + 1) / Parts;
            T momentum = T.Create(Momentum);
            for (long i = Count * part / Parts; i < to; i += T.Count)
            {
                int width = (int)Math.Min(T.Count, to - i);
                T w = T.LoadPartial(Weight + i, width);
                T g = T.MultiplyAdd(w, T.Create(Decay), T.LoadPartial(Gradient + i, width) * T.Create(Scale));
                if (Velocity != null)
                {
                    T u = T.MultiplyAdd(T.LoadPartial(Velocity + i, width), momentum, g);
                    T.StorePartial(u, Velocity + i, width);
                    g = Nesterov ? T.MultiplyAdd(u, momentum, g) : u;
                }

                T.StorePartial(w - T.Create(LearningRate) * g, Weight + i, width);
            }
        }
    }
}
