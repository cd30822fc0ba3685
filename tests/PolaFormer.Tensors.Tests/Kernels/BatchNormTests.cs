using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class BatchNormTests
{
    public static TheoryData<int, int> Extents => new() { { 1, 3 }, { 2, 1 }, { 63, 5 }, { 64, 16 }, { 65, 17 }, { 5000, 33 }, { 1000, 130 } };

    [Theory]
    [MemberData(nameof(Extents))]
    public void Statistics_are_close_to_those_in_double(int rows, int channels)
    {
        using var x = new KernelArray<float>(KernelTesting.Values(rows * channels, 1, 1, 30));
        using var mean = new KernelArray<float>(channels);
        using var variance = new KernelArray<float>(channels);
        using var rstd = new KernelArray<float>(channels);
        BatchNorm.Statistics(x.Pointer, rows, channels, 1e-3f, mean.Pointer, rstd.Pointer, variance.Pointer);
        (double[] rightMean, double[] rightVariance) = Statistics(x.ToArray(), rows, channels);
        KernelTesting.AssertClose(rightMean, mean.Span, 3e-7, 0);
        KernelTesting.AssertClose(Array.ConvertAll(rightVariance, v => rows == 1 ? double.NaN : v * rows / (rows - 1)), variance.Span, 4e-6, 1e-11);
        KernelTesting.AssertClose(Array.ConvertAll(rightVariance, v => 1 / Math.Sqrt(v + 1e-3f)), rstd.Span, 4e-6, 0);
    }

    [Theory]
    [MemberData(nameof(Extents))]
    public void Values_and_gradients_follow_the_formula(int rows, int channels)
    {
        if (rows == 1)
            return;
        const float Eps = 1e-5f;
        using var x = new KernelArray<float>(KernelTesting.Values(rows * channels, 1, 1, 0.5f));
        using var w = new KernelArray<float>(KernelTesting.Values(channels, 2, 0.2f, 1));
        using var b = new KernelArray<float>(KernelTesting.Values(channels, 3));
        using var dy = new KernelArray<float>(KernelTesting.Values(rows * channels, 4));
        using var y = new KernelArray<float>(rows * channels);
        using var dx = new KernelArray<float>(rows * channels);
        using var mean = new KernelArray<float>(channels);
        using var variance = new KernelArray<float>(channels);
        using var rstd = new KernelArray<float>(channels);
        using var dw = new KernelArray<float>(channels);
        using var db = new KernelArray<float>(channels);
        BatchNorm.Statistics(x.Pointer, rows, channels, Eps, mean.Pointer, rstd.Pointer, variance.Pointer);
        BatchNorm.Normalize(x.Pointer, mean.Pointer, rstd.Pointer, w.Pointer, b.Pointer, y.Pointer, rows, channels);

        (double[] m, double[] v) = Statistics(x.ToArray(), rows, channels);
        double[] s = Array.ConvertAll(v, value => 1 / Math.Sqrt(value + Eps));
        double[] normalized = [.. Enumerable.Range(0, rows * channels).Select(i => (x[i] - m[i % channels]) * s[i % channels])];
        KernelTesting.AssertClose([.. normalized.Select((n, i) => (n * w[i % channels]) + b[i % channels])], y.Span, 3e-6, 3e-6);

        double[] sums = new double[channels], products = new double[channels];
        for (int i = 0; i < rows * channels; i++)
        {
            sums[i % channels] += dy[i];
            products[i % channels] += dy[i] * normalized[i];
        }

        foreach (bool training in (bool[])[true, false])
        {
            BatchNorm.Backward(
                x.Pointer, mean.Pointer, rstd.Pointer, w.Pointer, dy.Pointer, dx.Pointer, dw.Pointer, db.Pointer, rows, channels, training);
            KernelTesting.AssertClose(products, dw.Span, 1e-5, 1e-5 * Math.Sqrt(rows));
            KernelTesting.AssertClose(sums, db.Span, 1e-6, 1e-6 * Math.Sqrt(rows));
            double[] gradient = [.. Enumerable.Range(0, rows * channels).Select(i => w[i % channels] * s[i % channels]
                * (dy[i] - (training ? (sums[i % channels] + (normalized[i] * products[i % channels])) / rows : 0)))];
            KernelTesting.AssertClose(gradient, dx.Span, 1e-5, 1e-5 * s.Max());
        }
    }

    private static (double[] Mean, double[] Variance) Statistics(float[] x, int rows, int channels)
    {
        double[] mean = new double[channels], variance = new double[channels];
        for (int i = 0; i < x.Length; i++)
            mean[i % channels] += (double)x[i] / rows;
        for (int i = 0; i < x.Length; i++)
            variance[i % channels] += (x[i] - mean[i % channels]) * (x[i] - mean[i % channels]) / rows;
        return (mean, variance);
    }

    [Fact]
    public void Results_are_alike_for_any_thread_count()
    {
        const int Rows = 4001, Channels = 37;
        float[] values = KernelTesting.Values(Rows * Channels, 1), gradients = KernelTesting.Values(Rows * Channels, 2);
        KernelTesting.AssertSameForAnyThreadCount(() =>
        {
            using var x = new KernelArray<float>(values);
            using var dy = new KernelArray<float>(gradients);
            using var s = new KernelArray<float>(5 * Channels);
            float* mean = s.Pointer, rstd = mean + Channels, dw = rstd + Channels, db = dw + Channels, variance = db + Channels;
            BatchNorm.Statistics(x.Pointer, Rows, Channels, 1e-5f, mean, rstd, variance);
            BatchNorm.Backward(x.Pointer, mean, rstd, null, dy.Pointer, dy.Pointer, dw, db, Rows, Channels, true);
            BatchNorm.Normalize(x.Pointer, mean, rstd, null, null, x.Pointer, Rows, Channels);
            return [.. x.Span, .. dy.Span, .. s.Span];
        });
    }
}
