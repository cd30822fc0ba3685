using System.Buffers;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Group normalisation of channels-last (images, rows, channels): statistics of a channel are those of batch norm, of a group what
/// they merge to, so that the image is read row by row and never transposed.
/// </summary>
internal static unsafe class GroupNorm
{
    /// <summary>y = (x − mean)·rstd·weight + bias; mean and rstd receive those of its group for every image and channel.</summary>
    public static void Forward(float* x, int images, int rows, int channels, int groups, float eps, float* weight, float* bias, float* y, float* mean, float* rstd)
    {
        if (rows == 0)
            return;
        float[] rented = ArrayPool<float>.Shared.Rent(channels);
        fixed (float* variance = rented)
        {
            for (int image = 0; image < images; image++)
            {
                long at = (long)image * rows * channels;
                float* means = mean + ((long)image * channels), scales = rstd + ((long)image * channels);
                BatchNorm.Statistics(x + at, rows, channels, eps, means, scales, variance);
                Merge(means, scales, variance, rows, channels, channels / groups, eps);
                BatchNorm.Normalize(x + at, means, scales, weight, bias, y + at, rows, channels);
            }
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    /// <summary>
    /// With x̂ = (x − mean)·rstd and g = dy·weight: dx = rstd·(g − mean(g) − x̂·mean(g·x̂)) with means over a group, dweight = Σ dy·x̂,
    /// dbias = Σ dy over all images.
    /// </summary>
    public static void Backward(float* x, int images, int rows, int channels, int groups, float* mean, float* rstd, float* weight, float* dy, float* dx, float* dWeight, float* dBias)
    {
        new Span<float>(dWeight, channels).Clear();
        new Span<float>(dBias, channels).Clear();
        if (rows == 0)
            return;
        float[] rented = ArrayPool<float>.Shared.Rent(5 * channels);
        fixed (float* sums = rented)
        {
            float* products = sums + channels, ofDy = products + channels, ofX = ofDy + channels, constant = ofX + channels;
            for (int image = 0; image < images; image++)
            {
                long at = (long)image * rows * channels;
                float* means = mean + ((long)image * channels), scales = rstd + ((long)image * channels);
                BatchNorm.Backward(x + at, means, scales, weight, dy + at, null, products, sums, rows, channels, training: false);
                for (int c = 0; c < channels; c++)
                {
                    dWeight[c] += products[c];
                    dBias[c] += sums[c];
                }

                Coefficients(means, scales, weight, products, sums, rows, channels, channels / groups, ofDy, ofX, constant);
                int parts = (int)Math.Min(rows, Workers.PartsFor((long)rows * channels, Elementwise.Grain));
                Workers.Run(parts, new InputBody { X = x + at, Dy = dy + at, Dx = dx + at, OfDy = ofDy, OfX = ofX, Constant = constant, Rows = rows, Channels = channels, Parts = parts });
            }
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    // The mean of a group is that of its channels' means, its variance the mean of theirs and what the means vary.
    private static void Merge(float* mean, float* rstd, float* unbiased, int rows, int channels, int width, float eps)
    {
        for (int first = 0; first < channels; first += width)
        {
            double total = 0, within = 0, between = 0;
            for (int c = first; c < first + width; c++)
            {
                total += mean[c];
                within += rows == 1 ? 0 : unbiased[c] * (rows - 1.0) / rows;
            }

            double center = total / width;
            for (int c = first; c < first + width; c++)
                between += (mean[c] - center) * (mean[c] - center);
            float scale = (float)(1 / Math.Sqrt(((within + between) / width) + eps));
            for (int c = first; c < first + width; c++)
                (mean[c], rstd[c]) = ((float)center, scale);
        }
    }

    // dx = ofDy·dy + ofX·x + constant of every channel.
    private static void Coefficients(float* mean, float* rstd, float* weight, float* products, float* sums, int rows, int channels, int width, float* ofDy, float* ofX, float* constant)
    {
        double count = (double)rows * width;
        for (int first = 0; first < channels; first += width)
        {
            double meanOfG = 0, meanOfProduct = 0;
            for (int c = first; c < first + width; c++)
            {
                meanOfG += (double)weight[c] * sums[c] / count;
                meanOfProduct += (double)weight[c] * products[c] / count;
            }

            for (int c = first; c < first + width; c++)
            {
                double scale = rstd[c];
                ofDy[c] = (float)(scale * weight[c]);
                ofX[c] = (float)(-scale * scale * meanOfProduct);
                constant[c] = (float)((scale * scale * meanOfProduct * mean[c]) - (scale * meanOfG));
            }
        }
    }

    private struct InputBody : IParallelBody
    {
        public float* X, Dy, Dx, OfDy, OfX, Constant;
        public int Rows, Channels, Parts;

        public readonly void Run(int part)
        {
            if (VectorWidth.Is512)
                Run<Float32x16>(part);
            else if (VectorWidth.Is256)
                Run<Float32x8>(part);
            else
                Run<Float32x4>(part);
        }

        private readonly void Run<T>(int part)
            where T : unmanaged, IFloat32Vector<T>
        {
            long from = (long)Rows * part / Parts, to = (long)Rows * (part + 1) / Parts;
            for (int c = 0; c < Channels; c += T.Count)
            {
                int width = Math.Min(T.Count, Channels - c);
                T ofDy = T.LoadPartial(OfDy + c, width), ofX = T.LoadPartial(OfX + c, width), constant = T.LoadPartial(Constant + c, width);
                for (long row = from; row < to; row++)
                {
                    long at = (row * Channels) + c;
                    T sum = T.MultiplyAdd(T.LoadPartial(X + at, width), ofX, constant);
                    T.StorePartial(T.MultiplyAdd(T.LoadPartial(Dy + at, width), ofDy, sum), Dx + at, width);
                }
            }
        }
    }
}
