using System.Buffers;
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
                for (int c = 0; c < Channels; c += T.Count)
                {
                    int width = Math.Min(T.Count, Channels - c);
                    float* first = X + (block * Channels) + c;
                    T sum = T.Zero;
                    for (int i = 0; i < rows; i++)
                        sum += T.LoadPartial(first + ((long)i * Channels), width);
                    T blockMean = sum * inverse, blockSquares = T.Zero;
                    for (int i = 0; i < rows; i++)
                    {
                        T d = T.LoadPartial(first + ((long)i * Channels), width) - blockMean;
                        blockSquares = T.MultiplyAdd(d, d, blockSquares);
                    }

                    T mean = T.LoadPartial(means + c, width), difference = blockMean - mean;
                    T.StorePartial(T.MultiplyAdd(difference, share, mean), means + c, width);
                    T.StorePartial(T.MultiplyAdd(difference * difference, between, T.LoadPartial(squares + c, width) + blockSquares), squares + c, width);
                }
            }
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
            long from = Rows * part / Parts, to = Rows * (part + 1) / Parts;
            for (int c = 0; c < Channels; c += T.Count)
            {
                int width = Math.Min(T.Count, Channels - c);
                T mean = T.LoadPartial(Mean + c, width), factor = T.LoadPartial(Rstd + c, width);
                if (Weight != null)
                    factor *= T.LoadPartial(Weight + c, width);
                T bias = Bias == null ? T.Zero : T.LoadPartial(Bias + c, width);
                for (long i = from; i < to; i++)
                {
                    long at = (i * Channels) + c;
                    if (width == T.Count)
                        T.Store(T.MultiplyAdd(T.Load(X + at) - mean, factor, bias), Y + at);
                    else
                        T.StorePartial(T.MultiplyAdd(T.LoadPartial(X + at, width) - mean, factor, bias), Y + at, width);
                }
            }
        }
    }
}
