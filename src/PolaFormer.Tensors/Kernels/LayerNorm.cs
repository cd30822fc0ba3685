using System.Buffers;
using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Layer normalisation of (rows, channels): y = (x − mean)·rstd·weight + bias with rstd = 1/√(variance + eps), variance biased.</summary>
internal static unsafe class LayerNorm
{
    /// <summary>Rows whose weight gradients are added before they are added to the part's total, which keeps the sums short.</summary>
    private const int BlockRows = 32;

    /// <summary>Rows whose steps overlap, and their floats at most: 16 KiB of the first cache.</summary>
    private const int MostTogether = 16, TogetherFloats = 4096;

    /// <summary>
    /// Forward. <paramref name="weight"/> and <paramref name="bias"/> may be null (1 and 0), as may <paramref name="mean"/> and
    /// <paramref name="rstd"/> (rows values each), which backward needs. <paramref name="y"/> may be <paramref name="x"/>.
    /// </summary>
    public static void Forward(float* x, float* weight, float* bias, float eps, float* y, float* mean, float* rstd, long rows, int channels)
    {
        if (rows == 0 || channels == 0)
            return;
        int parts = (int)Math.Min(rows, Workers.PartsFor(rows * channels, Elementwise.Grain));
        Workers.Run(parts, new ForwardBody
        {
            X = x,
            Weight = weight,
            Bias = bias,
            Y = y,
            Mean = mean,
            Rstd = rstd,
            Eps = eps,
            Rows = rows,
            Channels = channels,
            Parts = parts,
        });
    }

    /// <summary>
    /// With g = dy·weight and x̂ = (x − mean)·rstd: dx = rstd·(g − mean(g) − x̂·mean(g·x̂)), dweight = Σ dy·x̂, dbias = Σ dy.
    /// Any of the three gradients may be null; <paramref name="dx"/> may be <paramref name="dy"/>.
    /// </summary>
    public static void Backward(
        float* x, float* weight, float* mean, float* rstd, float* dy, float* dx, float* dWeight, float* dBias, long rows, int channels)
    {
        int parts = (int)Math.Min(Math.Max(rows, 1), Workers.PartsFor(rows * channels, Elementwise.Grain));
        // A part owns four vectors of channels: the totals of dweight and dbias, and the current block of rows of each.
        float[] rented = ArrayPool<float>.Shared.Rent(checked(4 * parts * channels));
        fixed (float* partials = rented)
        {
            Workers.Run(parts, new BackwardBody
            {
                X = x,
                Weight = weight,
                Mean = mean,
                Rstd = rstd,
                Dy = dy,
                Dx = dx,
                Partials = partials,
                WithParameters = dWeight != null || dBias != null,
                Rows = rows,
                Channels = channels,
                Parts = parts,
            });
            if (dWeight != null)
                SumParts(partials, dWeight, parts, channels);
            if (dBias != null)
                SumParts(partials + channels, dBias, parts, channels);
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    private static void SumParts(float* partials, float* gradient, int parts, int channels)
    {
        for (int c = 0; c < channels; c++)
        {
            double total = 0;
            for (int part = 0; part < parts; part++)
                total += partials[(4L * part * channels) + c];
            gradient[c] = (float)total;
        }
    }

    private struct ForwardBody : IParallelBody
    {
        public float* X, Weight, Bias, Y, Mean, Rstd;
        public float Eps;
        public long Rows;
        public int Channels, Parts;

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
            // One row's steps wait for one another: some rows take each step together, so that their waits overlap.
            int together = Math.Clamp(TogetherFloats / Channels, 1, MostTogether);
            float* mean = stackalloc float[MostTogether], rstd = stackalloc float[MostTogether];
            double inverse = 1.0 / Channels;
            long end = Rows * (part + 1) / Parts;
            for (long from = Rows * part / Parts; from < end; from += together)
            {
                int count = (int)Math.Min(together, end - from);
                float* x = X + (from * Channels);
                for (int row = 0; row < count; row++)
                    mean[row] = (float)(Reduction.RowSum<T>(x + ((nint)row * Channels), Channels) * inverse);
                for (int row = 0; row < count; row++)
                    rstd[row] = 1 / MathF.Sqrt((float)((SumOfSquaredDifferences<T>(x + ((nint)row * Channels), mean[row], Channels) * inverse) + Eps));
                for (int row = 0; row < count; row++)
                    Normalize<T>(x + ((nint)row * Channels), Y + ((from + row) * Channels), mean[row], rstd[row]);
                if (Mean != null)
                    new Span<float>(mean, count).CopyTo(new Span<float>(Mean + from, count));
                if (Rstd != null)
                    new Span<float>(rstd, count).CopyTo(new Span<float>(Rstd + from, count));
            }
        }

        private readonly void Normalize<T>(float* x, float* y, float mean, float rstd) where T : unmanaged, IFloat32Vector<T>
        {
            T shift = T.Create(mean), factor = T.Create(rstd);
            int i = 0;
            for (; i <= Channels - T.Count; i += T.Count)
            {
                T value = (T.Load(x + i) - shift) * factor;
                T weight = Weight == null ? T.Create(1f) : T.Load(Weight + i), bias = Bias == null ? T.Zero : T.Load(Bias + i);
                T.Store(T.MultiplyAdd(value, weight, bias), y + i);
            }

            if (i < Channels)
            {
                int rest = Channels - i;
                T value = (T.LoadPartial(x + i, rest) - shift) * factor;
                T weight = Weight == null ? T.Create(1f) : T.LoadPartial(Weight + i, rest), bias = Bias == null ? T.Zero : T.LoadPartial(Bias + i, rest);
                T.StorePartial(T.MultiplyAdd(value, weight, bias), y + i, rest);
            }
        }
    }

    /// <summary>Σ (x − mean)². The second pass over x costs little (the row is in the cache) and loses nothing for a mean far from 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double SumOfSquaredDifferences<T>(float* x, float mean, int count) where T : unmanaged, IFloat32Vector<T>
    {
        T shift = T.Create(mean), s0 = T.Zero, s1 = T.Zero;
        int i = 0;
        for (; i <= count - (2 * T.Count); i += 2 * T.Count)
        {
            T d0 = T.Load(x + i) - shift, d1 = T.Load(x + i + T.Count) - shift;
            s0 = T.MultiplyAdd(d0, d0, s0);
            s1 = T.MultiplyAdd(d1, d1, s1);
        }

        for (; i < count; i += T.Count)
        {
            int width = Math.Min(T.Count, count - i);
            T d = (T.LoadPartial(x + i, width) - shift) & T.FirstLanes(width);
            s0 = T.MultiplyAdd(d, d, s0);
        }

        return T.Sum(s0 + s1);
    }

    private struct BackwardBody : IParallelBody
    {
        public float* X, Weight, Mean, Rstd, Dy, Dx, Partials;
        public bool WithParameters;
        public long Rows;
        public int Channels, Parts;

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
            float* totals = Partials + (4L * part * Channels), block = totals + (2 * Channels);
            new Span<float>(totals, 4 * Channels).Clear();
            long from = Rows * part / Parts, to = Rows * (part + 1) / Parts;
            for (long row = from; row < to; row++)
            {
                float* x = X + (row * Channels), dy = Dy + (row * Channels);
                float mean = Mean[row], rstd = Rstd[row];
                // Parameters first: dx may replace dy.
                if (WithParameters)
                {
                    AddParameters<T>(x, dy, mean, rstd, block);
                    if ((row - from + 1) % BlockRows == 0 || row == to - 1)
                        MoveBlock<T>(block, totals);
                }

                if (Dx != null)
                    RowBackward<T>(x, dy, Dx + (row * Channels), mean, rstd);
            }
        }

        private readonly void AddParameters<T>(float* x, float* dy, float mean, float rstd, float* block) where T : unmanaged, IFloat32Vector<T>
        {
            T shift = T.Create(mean), factor = T.Create(rstd);
            float* dWeight = block, dBias = block + Channels;
            int i = 0;
            for (; i <= Channels - T.Count; i += T.Count)
            {
                T gradient = T.Load(dy + i), normalized = (T.Load(x + i) - shift) * factor;
                T.Store(T.MultiplyAdd(gradient, normalized, T.Load(dWeight + i)), dWeight + i);
                T.Store(gradient + T.Load(dBias + i), dBias + i);
            }

            if (i < Channels)
            {
                int rest = Channels - i;
                T gradient = T.LoadPartial(dy + i, rest), normalized = (T.LoadPartial(x + i, rest) - shift) * factor;
                T.StorePartial(T.MultiplyAdd(gradient, normalized, T.LoadPartial(dWeight + i, rest)), dWeight + i, rest);
                T.StorePartial(gradient + T.LoadPartial(dBias + i, rest), dBias + i, rest);
            }
        }

        private readonly void MoveBlock<T>(float* block, float* totals) where T : unmanaged, IFloat32Vector<T>
        {
            for (int i = 0; i < 2 * Channels; i += T.Count)
            {
                int width = Math.Min(T.Count, (2 * Channels) - i);
                T.StorePartial(T.LoadPartial(totals + i, width) + T.LoadPartial(block + i, width), totals + i, width);
                T.StorePartial(T.Zero, block + i, width);
            }
        }

        private readonly void RowBackward<T>(float* x, float* dy, float* dx, float mean, float rstd) where T : unmanaged, IFloat32Vector<T>
        {
            T shift = T.Create(mean), factor = T.Create(rstd), sum = T.Zero, product = T.Zero;
            int i = 0, rest = Channels % T.Count;
            for (; i < Channels - rest; i += T.Count)
            {
                T g = Weight == null ? T.Load(dy + i) : T.Load(dy + i) * T.Load(Weight + i);
                sum += g;
                product = T.MultiplyAdd(g, (T.Load(x + i) - shift) * factor, product);
            }

            if (rest > 0)
            {
                T g = Last<T>(dy, i, rest);
                sum += g;
                product = T.MultiplyAdd(g, (T.LoadPartial(x + i, rest) - shift) * factor, product);
            }

            T meanGradient = T.Create(T.Sum(sum) / Channels), meanProduct = T.Create(T.Sum(product) / Channels);
            for (i = 0; i < Channels - rest; i += T.Count)
            {
                T g = Weight == null ? T.Load(dy + i) : T.Load(dy + i) * T.Load(Weight + i);
                T.Store((g - meanGradient - ((T.Load(x + i) - shift) * factor * meanProduct)) * factor, dx + i);
            }

            if (rest > 0)
                T.StorePartial((Last<T>(dy, i, rest) - meanGradient - ((T.LoadPartial(x + i, rest) - shift) * factor * meanProduct)) * factor, dx + i, rest);
        }

        /// <summary>dy·weight of the last channels.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly T Last<T>(float* dy, int i, int rest) where T : unmanaged, IFloat32Vector<T>
        {
            T g = T.LoadPartial(dy + i, rest);
            return Weight == null ? g : g * T.LoadPartial(Weight + i, rest);
        }
    }
}
