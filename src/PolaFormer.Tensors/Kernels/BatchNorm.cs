using System.Buffers;
using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Batch normalisation of channels-last (rows, channels): y = (x − mean)·rstd·weight + bias, mean and rstd per channel: those of
/// the batch in training, the running ones in evaluation. <c>weight</c> and <c>bias</c> may be null (1 and 0).
/// </summary>
internal static unsafe partial class BatchNorm
{
    /// <summary>Rows whose mean and squares are taken at a time: they stay in the cache for the second pass.</summary>
    private const int BlockRows = 64;

    /// <summary>Channels whose four values are read for every row: 16 KiB of the first cache.</summary>
    private const int BlockChannels = 1024;

    /// <summary>
    /// Of each channel the mean, rstd = 1/√(variance + eps) with the biased variance, and the unbiased variance that the running
    /// statistics take (of a single row NaN, as in torch). With no rows all are NaN.
    /// </summary>
    public static void Statistics(float* x, long rows, int channels, float eps, float* mean, float* rstd, float* unbiasedVariance)
    {
        int parts = PartsFor(rows, channels);
        float[] rented = ArrayPool<float>.Shared.Rent(checked(2 * parts * channels));
        fixed (float* partials = rented)
        {
            Workers.Run(parts, new StatisticsBody { X = x, Partials = partials, Rows = rows, Channels = channels, Parts = parts });
            for (int c = 0; c < channels; c++)
            {
                double total = 0, squares = 0, count = 0;
                for (int part = 0; part < parts && rows > 0; part++)
                {
                    double n = (rows * (part + 1) / parts) - (rows * part / parts);
                    Merge(ref total, ref squares, ref count, partials[(2L * part * channels) + c], partials[(((2L * part) + 1) * channels) + c], n);
                }

                mean[c] = count == 0 ? float.NaN : (float)total;
                rstd[c] = (float)(1 / Math.Sqrt((squares / count) + eps));
                unbiasedVariance[c] = (float)(squares / (count - 1));
            }
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    /// <summary>y = (x − mean)·rstd·weight + bias; <paramref name="y"/> may be <paramref name="x"/>.</summary>
    public static void Normalize(float* x, float* mean, float* rstd, float* weight, float* bias, float* y, long rows, int channels)
    {
        int parts = PartsFor(rows, channels);
        Workers.Run(parts, new NormalizeBody
        {
            X = x,
            Mean = mean,
            Rstd = rstd,
            Weight = weight,
            Bias = bias,
            Y = y,
            Rows = rows,
            Channels = channels,
            Parts = parts,
        });
    }

    /// <summary>Parts of a pass over all rows.</summary>
    private static int PartsFor(long rows, int channels) =>
        (int)Math.Clamp(Workers.PartsFor(rows * channels, Elementwise.Grain), 1, Math.Max(1, rows / BlockRows));

    /// <summary>Joins the mean and the sum of squared differences of two sets (Chan, Golub and LeVeque).</summary>
    private static void Merge(ref double mean, ref double squares, ref double count, double otherMean, double otherSquares, double otherCount)
    {
        double difference = otherMean - mean, total = count + otherCount;
        mean += difference * otherCount / total;
        squares += otherSquares + (difference * difference * count * otherCount / total);
        count = total;
    }

    private struct StatisticsBody : IParallelBody
    {
        public float* X, Partials;
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
            float* means = Partials + (2L * part * Channels), squares = means + Channels;
            new Span<float>(means, 2 * Channels).Clear();
            long from = Rows * part / Parts, to = Rows * (part + 1) / Parts;
            for (long block = from; block < to; block += BlockRows)
            {
                int rows = (int)Math.Min(BlockRows, to - block);
                // Merge with equal roles: the totals so far weigh (block − from) rows.
                float count = block - from, total = count + rows;
                T share = T.Create(rows / total), between = T.Create(count * rows / total), inverse = T.Create(1f / rows);
                float* first = X + (block * Channels);
                int c = 0;
                for (; c <= Channels - (4 * T.Count); c += 4 * T.Count)
                {
                    T s0 = T.Zero, s1 = T.Zero, s2 = T.Zero, s3 = T.Zero;
                    float* x = first + c;
                    for (int i = 0; i < rows; i++, x += Channels)
                    {
                        s0 += T.Load(x);
                        s1 += T.Load(x + T.Count);
                        s2 += T.Load(x + (2 * T.Count));
                        s3 += T.Load(x + (3 * T.Count));
                    }

                    T m0 = s0 * inverse, m1 = s1 * inverse, m2 = s2 * inverse, m3 = s3 * inverse;
                    T q0 = T.Zero, q1 = T.Zero, q2 = T.Zero, q3 = T.Zero;
                    x = first + c;
                    for (int i = 0; i < rows; i++, x += Channels)
                    {
                        T d0 = T.Load(x) - m0, d1 = T.Load(x + T.Count) - m1, d2 = T.Load(x + (2 * T.Count)) - m2, d3 = T.Load(x + (3 * T.Count)) - m3;
                        q0 = T.MultiplyAdd(d0, d0, q0);
                        q1 = T.MultiplyAdd(d1, d1, q1);
                        q2 = T.MultiplyAdd(d2, d2, q2);
                        q3 = T.MultiplyAdd(d3, d3, q3);
                    }

                    Put(m0, q0, share, between, means + c, squares + c, T.Count);
                    Put(m1, q1, share, between, means + c + T.Count, squares + c + T.Count, T.Count);
                    Put(m2, q2, share, between, means + c + (2 * T.Count), squares + c + (2 * T.Count), T.Count);
                    Put(m3, q3, share, between, means + c + (3 * T.Count), squares + c + (3 * T.Count), T.Count);
                }

                for (; c < Channels; c += T.Count)
                {
                    int width = Math.Min(T.Count, Channels - c);
                    T sum = T.Zero;
                    for (int i = 0; i < rows; i++)
                        sum += T.LoadPartial(first + ((long)i * Channels) + c, width);
                    T mean = sum * inverse, blockSquares = T.Zero;
                    for (int i = 0; i < rows; i++)
                    {
                        T d = T.LoadPartial(first + ((long)i * Channels) + c, width) - mean;
                        blockSquares = T.MultiplyAdd(d, d, blockSquares);
                    }

                    Put(mean, blockSquares, share, between, means + c, squares + c, width);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Put<T>(T blockMean, T blockSquares, T share, T between, float* means, float* squares, int width) where T : unmanaged, IFloat32Vector<T>
        {
            T mean = T.LoadPartial(means, width), difference = blockMean - mean;
            T.StorePartial(T.MultiplyAdd(difference, share, mean), means, width);
            T.StorePartial(T.MultiplyAdd(difference * difference, between, T.LoadPartial(squares, width) + blockSquares), squares, width);
        }
    }

    private struct NormalizeBody : IParallelBody
    {
        public float* X, Mean, Rstd, Weight, Bias, Y;
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
            // Line by line as it lies in memory, some channels at a time so that what belongs to them stays in the first cache.
            long from = Rows * part / Parts, to = Rows * (part + 1) / Parts;
            for (int first = 0; first < Channels; first += BlockChannels)
            {
                int end = Math.Min(first + BlockChannels, Channels);
                for (long i = from; i < to; i++)
                {
                    float* x = X + (i * Channels), y = Y + (i * Channels);
                    int c = first;
                    for (; c <= end - T.Count; c += T.Count)
                        T.Store(T.MultiplyAdd(T.Load(x + c) - T.Load(Mean + c), Factor<T>(c, T.Count), Bias == null ? T.Zero : T.Load(Bias + c)), y + c);
                    if (c >= end)
                        continue;
                    int width = end - c;
                    T bias = Bias == null ? T.Zero : T.LoadPartial(Bias + c, width);
                    T.StorePartial(T.MultiplyAdd(T.LoadPartial(x + c, width) - T.LoadPartial(Mean + c, width), Factor<T>(c, width), bias), y + c, width);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly T Factor<T>(int c, int width) where T : unmanaged, IFloat32Vector<T>
        {
            T factor = width == T.Count ? T.Load(Rstd + c) : T.LoadPartial(Rstd + c, width);
            if (Weight == null)
                return factor;
            return factor * (width == T.Count ? T.Load(Weight + c) : T.LoadPartial(Weight + c, width));
        }
    }
}
