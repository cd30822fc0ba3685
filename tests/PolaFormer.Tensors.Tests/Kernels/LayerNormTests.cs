using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class LayerNormTests
{
    public static TheoryData<int, int> Extents => new() { { 0, 4 }, { 1, 1 }, { 3, 5 }, { 2, 16 }, { 7, 33 }, { 5, 64 }, { 1000, 96 }, { 3, 2500 } };

    [Theory]
    [MemberData(nameof(Extents))]
    public void Values_and_gradients_follow_the_formula(int rows, int channels)
    {
        foreach (bool affine in (bool[])[true, false])
            Check(rows, channels, affine, 1, 0.3f, 1e-5f, 4e-6);
    }

    [Fact]
    public void Small_values_keep_eps_visible() => Check(10, 48, true, 1e-3f, 0, 1e-6f, 4e-6);

    [Fact]
    public void A_mean_far_from_zero_costs_no_more_than_the_inputs_rounding() => Check(10, 48, true, 1, 1000, 1e-6f, 2e-4);

    private static void Check(int rows, int channels, bool affine, float scale, float shift, float eps, double tolerance)
    {
        using var x = new KernelArray<float>(KernelTesting.Values(rows * channels, 1, scale, shift));
        using var w = new KernelArray<float>(KernelTesting.Values(channels, 2, 0.2f, 1));
        using var b = new KernelArray<float>(KernelTesting.Values(channels, 3));
        using var dy = new KernelArray<float>(KernelTesting.Values(rows * channels, 4));
        using var y = new KernelArray<float>(rows * channels);
        using var dx = new KernelArray<float>(rows * channels);
        using var mean = new KernelArray<float>(rows);
        using var rstd = new KernelArray<float>(rows);
        using var dw = new KernelArray<float>(channels);
        using var db = new KernelArray<float>(channels);
        LayerNorm.Forward(x.Pointer, affine ? w.Pointer : null, affine ? b.Pointer : null, eps, y.Pointer, mean.Pointer, rstd.Pointer, rows, channels);
        LayerNorm.Backward(x.Pointer, affine ? w.Pointer : null, mean.Pointer, rstd.Pointer, dy.Pointer, dx.Pointer, dw.Pointer, db.Pointer, rows, channels);

        double[] weightGradient = new double[channels], biasGradient = new double[channels];
        for (int r = 0; r < rows; r++)
        {
            double[] row = Array.ConvertAll(x.Span.Slice(r * channels, channels).ToArray(), v => (double)v);
            double m = row.Average(), s = 1 / Math.Sqrt((row.Sum(v => (v - m) * (v - m)) / channels) + eps);
            double[] normalized = Array.ConvertAll(row, v => (v - m) * s);
            double[] g = [.. Enumerable.Range(0, channels).Select(c => (double)dy[(r * channels) + c] * (affine ? w[c] : 1))];
            double meanG = g.Average(), meanProduct = g.Zip(normalized, (p, q) => p * q).Average();
            double[] value = [.. normalized.Select((v, c) => affine ? (v * w[c]) + b[c] : v)];
            double[] gradient = [.. g.Zip(normalized, (p, q) => s * (p - meanG - (q * meanProduct)))];
            KernelTesting.AssertClose(value, y.Span.Slice(r * channels, channels), tolerance, tolerance);
            KernelTesting.AssertClose(gradient, dx.Span.Slice(r * channels, channels), tolerance, tolerance * s);
            for (int c = 0; c < channels; c++)
            {
                weightGradient[c] += dy[(r * channels) + c] * normalized[c];
                biasGradient[c] += dy[(r * channels) + c];
            }
        }

        KernelTesting.AssertClose(weightGradient, dw.Span, 1e-5, tolerance * Math.Sqrt(rows + 1));
        KernelTesting.AssertClose(biasGradient, db.Span, 1e-5, 4e-6);
    }

    [Fact]
    public void Results_are_alike_for_any_thread_count()
    {
        const int Rows = 3000, Channels = 65;
        float[] values = KernelTesting.Values(Rows * Channels, 1), gradients = KernelTesting.Values(Rows * Channels, 2);
        KernelTesting.AssertSameForAnyThreadCount(() =>
        {
            using var x = new KernelArray<float>(values);
            using var dy = new KernelArray<float>(gradients);
            using var y = new KernelArray<float>(Rows * Channels);
            using var statistics = new KernelArray<float>(2 * Rows);
            using var parameters = new KernelArray<float>(2 * Channels);
            float* mean = statistics.Pointer, rstd = mean + Rows;
            LayerNorm.Forward(x.Pointer, null, null, 1e-6f, y.Pointer, mean, rstd, Rows, Channels);
            LayerNorm.Backward(x.Pointer, null, mean, rstd, dy.Pointer, dy.Pointer, parameters.Pointer, parameters.Pointer + Channels, Rows, Channels);
            return [.. y.Span, .. dy.Span, .. parameters.Span];
        });
    }
}
