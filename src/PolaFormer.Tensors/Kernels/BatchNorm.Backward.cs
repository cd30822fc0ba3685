using System.Buffers;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class BatchNorm
{
    /// <summary>
    /// With x̂ = (x − mean)·rstd: dweight = Σ dy·x̂, dbias = Σ dy, and dx = weight·rstd·(dy − mean(dy) − x̂·mean(dy·x̂)) where the
    /// statistics are the batch's (<paramref name="training"/>), dx = weight·rstd·dy where they are constants.
    /// Any gradient may be null; <paramref name="dx"/> may be <paramref name="dy"/>.
    /// </summary>
    public static void Backward(
        float* x, float* mean, float* rstd, float* weight, float* dy, float* dx, float* dWeight, float* dBias, long rows, int channels, bool training)
    {
        int parts = PartsFor(rows, channels);
        float[] rented = ArrayPool<float>.Shared.Rent(checked(2 * (parts + 1) * channels));
        fixed (float* partials = rented)
        {
            // Sums of each part, then the totals.
            float* products = partials + (2L * parts * channels), sums = products + channels;
            if (training || dWeight != null || dBias != null)
            {
                Workers.Run(parts, new SumBody { X = x, Mean = mean, Rstd = rstd, Dy = dy, Partials = partials, Rows = rows, Channels = channels, Parts = parts });
                Reduction.Sum(partials, 1, parts, 2L * channels, products);
                if (dWeight != null)
                    new ReadOnlySpan<float>(products, channels).CopyTo(new Span<float>(dWeight, channels));
                if (dBias != null)
                    new ReadOnlySpan<float>(sums, channels).CopyTo(new Span<float>(dBias, channels));
            }

            if (dx != null)
            {
                Workers.Run(parts, new InputBody
                {
                    X = x,
                    Mean = mean,
                    Rstd = rstd,
                    Weight = weight,
                    Dy = dy,
                    Dx = dx,
                    Products = products,
                    Sums = sums,
                    Training = training,
                    Rows = rows,
                    Channels = channels,
                    Parts = parts,
                });
            }
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    private struct SumBody : IParallelBody
    {
        public float* X, Mean, Rstd, Dy, Partials;
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
            float* products = Partials + (2L * part * Channels), sums = products + Channels;
            long from = Rows * part / Parts, to = Rows * (part + 1) / Parts;
            for (int c = 0; c < Channels; c += T.Count)
            {
                int width = Math.Min(T.Count, Channels - c);
                T mean = T.LoadPartial(Mean + c, width);
                T sum = T.Zero, sumLost = T.Zero, product = T.Zero, productLost = T.Zero;
                for (long block = from; block < to; block += BlockRows)
                {
                    T blockSum = T.Zero, blockProduct = T.Zero;
                    for (long i = block; i < Math.Min(to, block + BlockRows); i++)
                    {
                        T dy = T.LoadPartial(Dy + (i * Channels) + c, width);
                        blockSum += dy;
                        blockProduct = T.MultiplyAdd(dy, T.LoadPartial(X + (i * Channels) + c, width) - mean, blockProduct);
                    }

                    Reduction.AddCompensated(ref sum, ref sumLost, blockSum);
                    Reduction.AddCompensated(ref product, ref productLost, blockProduct);
                }

                T.StorePartial(product * T.LoadPartial(Rstd + c, width), products + c, width);
                T.StorePartial(sum, sums + c, width);
            }
        }
    }

    private struct InputBody : IParallelBody
    {
        public float* X, Mean, Rstd, Weight, Dy, Dx, Products, Sums;
        public bool Training;
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
            long from = Rows * part / Parts, to = Rows * (part + 1) / Parts;
            T inverse = T.Create(1f / Rows);
            for (int c = 0; c < Channels; c += T.Count)
            {
                int width = Math.Min(T.Count, Channels - c);
                T rstd = T.LoadPartial(Rstd + c, width), factor = Weight == null ? rstd : rstd * T.LoadPartial(Weight + c, width);
                T mean = T.Zero, meanGradient = T.Zero, slope = T.Zero;
                if (Training)
                {
                    mean = T.LoadPartial(Mean + c, width);
                    meanGradient = T.LoadPartial(Sums + c, width) * inverse;
                    slope = T.LoadPartial(Products + c, width) * inverse * rstd;
                }

                for (long i = from; i < to; i++)
                {
                    long at = (i * Channels) + c;
                    T gradient = T.LoadPartial(Dy + at, width);
                    if (Training)
                        gradient = gradient - meanGradient - ((T.LoadPartial(X + at, width) - mean) * slope);
                    T.StorePartial(gradient * factor, Dx + at, width);
                }
            }
        }
    }
}
