using System.Buffers;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>y = residual + f·γ·x for (samples, rows, channels), f a factor a sample, γ one a channel; either may be null (1).</summary>
internal static unsafe class ScaledResidual
{
    /// <summary>Forward.</summary>
    public static void Forward(float* residual, float* x, float* channelFactors, float* sampleFactors, float* y, long rows, long rowsPerSample, int channels)
    {
        int parts = PartsFor(rows, channels);
        Workers.Run(parts, new ForwardBody
        {
            Residual = residual,
            X = x,
            Y = y,
            Factors = new Factors { Channels = channelFactors, Samples = sampleFactors, RowsPerSample = rowsPerSample },
            Rows = rows,
            Width = channels,
            Parts = parts,
        });
    }

    /// <summary>dx = f·γ·dy and, unless it is null, dγ = Σ f·x·dy over the rows; x is read for dγ only.</summary>
    public static void Backward(float* x, float* channelFactors, float* sampleFactors, float* dy, float* dx, float* dChannelFactors, long rows, long rowsPerSample, int channels)
    {
        int parts = PartsFor(rows, channels);
        float[] rented = ArrayPool<float>.Shared.Rent(checked(parts * channels));
        fixed (float* partials = rented)
        {
            Workers.Run(parts, new BackwardBody
            {
                X = x,
                Dy = dy,
                Dx = dx,
                Partials = dChannelFactors == null ? null : partials,
                Factors = new Factors { Channels = channelFactors, Samples = sampleFactors, RowsPerSample = rowsPerSample },
                Rows = rows,
                Width = channels,
                Parts = parts,
            });
            if (dChannelFactors != null)
                Reduction.SumParts(partials, parts, channels, dChannelFactors, channels, accumulate: false);
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    private static int PartsFor(long rows, int channels) => (int)Math.Min(Math.Max(rows, 1), Workers.PartsFor(rows * channels, Elementwise.Grain));

    private struct Factors
    {
        public float* Channels, Samples;
        public long RowsPerSample;

        public readonly float OfRow(long row) => Samples == null ? 1 : Samples[row / RowsPerSample];
    }

    private struct ForwardBody : IParallelBody
    {
        public float* Residual, X, Y;
        public Factors Factors;
        public long Rows;
        public int Width, Parts;

        public readonly void Run(int part)
        {
            for (long row = Rows * part / Parts; row < Rows * (part + 1) / Parts; row++)
            {
                if (VectorWidth.Is512)
                    Row<Float32x16>(row);
                else if (VectorWidth.Is256)
                    Row<Float32x8>(row);
                else
                    Row<Float32x4>(row);
            }
        }

        private readonly void Row<T>(long row) where T : unmanaged, IFloat32Vector<T>
        {
            float* residual = Residual + (row * Width), x = X + (row * Width), y = Y + (row * Width), channels = Factors.Channels;
            T factor = T.Create(Factors.OfRow(row));
            int i = 0;
            for (; i <= Width - T.Count; i += T.Count)
            {
                T scaled = channels == null ? T.Load(x + i) : T.Load(x + i) * T.Load(channels + i);
                T.Store(T.MultiplyAdd(scaled, factor, T.Load(residual + i)), y + i);
            }

            if (i < Width)
            {
                int rest = Width - i;
                T scaled = channels == null ? T.LoadPartial(x + i, rest) : T.LoadPartial(x + i, rest) * T.LoadPartial(channels + i, rest);
                T.StorePartial(T.MultiplyAdd(scaled, factor, T.LoadPartial(residual + i, rest)), y + i, rest);
            }
        }
    }

    private struct BackwardBody : IParallelBody
    {
        public float* X, Dy, Dx, Partials;
        public Factors Factors;
        public long Rows;
        public int Width, Parts;

        public readonly void Run(int part)
        {
            float* sums = Partials == null ? null : Partials + ((long)part * Width);
            if (sums != null)
                new Span<float>(sums, Width).Clear();
            for (long row = Rows * part / Parts; row < Rows * (part + 1) / Parts; row++)
            {
                if (VectorWidth.Is512)
                    Row<Float32x16>(row, sums);
                else if (VectorWidth.Is256)
                    Row<Float32x8>(row, sums);
                else
                    Row<Float32x4>(row, sums);
            }
        }

        private readonly void Row<T>(long row, float* sums) where T : unmanaged, IFloat32Vector<T>
        {
            float* x = X + (row * Width), dy = Dy + (row * Width), dx = Dx + (row * Width), channels = Factors.Channels;
            T factor = T.Create(Factors.OfRow(row));
            int i = 0;
            for (; i <= Width - T.Count; i += T.Count)
            {
                T gradient = T.Load(dy + i) * factor;
                if (sums != null)
                    T.Store(T.MultiplyAdd(gradient, T.Load(x + i), T.Load(sums + i)), sums + i);
                T.Store(channels == null ? gradient : gradient * T.Load(channels + i), dx + i);
            }

            if (i < Width)
            {
                int rest = Width - i;
                T gradient = T.LoadPartial(dy + i, rest) * factor;
                if (sums != null)
                    T.StorePartial(T.MultiplyAdd(gradient, T.LoadPartial(x + i, rest), T.LoadPartial(sums + i, rest)), sums + i, rest);
                T.StorePartial(channels == null ? gradient : gradient * T.LoadPartial(channels + i, rest), dx + i, rest);
            }
        }
    }
}
