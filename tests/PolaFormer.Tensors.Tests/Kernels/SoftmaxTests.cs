using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class SoftmaxTests
{
    public static TheoryData<int, int> Extents => new() { { 0, 3 }, { 3, 0 }, { 1, 1 }, { 5, 3 }, { 4, 15 }, { 7, 16 }, { 3, 49 }, { 300, 197 }, { 3, 5001 } };

    private static double[] Probabilities(ReadOnlySpan<float> row)
    {
        double max = row.ToArray().Max();
        double[] e = [.. row.ToArray().Select(v => Math.Exp(v - max))];
        double sum = e.Sum();
        return Array.ConvertAll(e, v => v / sum);
    }

    [Theory]
    [MemberData(nameof(Extents))]
    public void Values_and_gradients_follow_the_formula(int rows, int columns)
    {
        using var x = new KernelArray<float>(KernelTesting.Values(rows * columns, 1, 8));
        using var dy = new KernelArray<float>(KernelTesting.Values(rows * columns, 2));
        using var y = new KernelArray<float>(rows * columns);
        using var log = new KernelArray<float>(rows * columns);
        using var dx = new KernelArray<float>(rows * columns);
        using var dxLog = new KernelArray<float>(rows * columns);
        Softmax.Forward(x.Pointer, y.Pointer, rows, columns);
        Softmax.LogForward(x.Pointer, log.Pointer, rows, columns);
        Softmax.Backward(y.Pointer, dy.Pointer, dx.Pointer, rows, columns);
        Softmax.LogBackward(log.Pointer, dy.Pointer, dxLog.Pointer, rows, columns);
        for (int r = 0; r < rows && columns > 0; r++)
        {
            int from = r * columns;
            double[] p = Probabilities(x.Span.Slice(from, columns));
            double[] g = Array.ConvertAll(dy.Span.Slice(from, columns).ToArray(), v => (double)v);
            double dot = p.Zip(g, (a, b) => a * b).Sum(), sum = g.Sum();
            KernelTesting.AssertClose(p, y.Span.Slice(from, columns), 2e-6, 1e-12);
            KernelTesting.AssertClose(Array.ConvertAll(p, Math.Log), log.Span.Slice(from, columns), 1e-6, 1e-6);
            KernelTesting.AssertClose([.. p.Zip(g, (a, b) => a * (b - dot))], dx.Span.Slice(from, columns), 1e-5, 1e-6);
            KernelTesting.AssertClose([.. p.Zip(g, (a, b) => b - (a * sum))], dxLog.Span.Slice(from, columns), 1e-5, 3e-6);
        }
    }

    [Fact]
    public void A_mask_of_windows_repeats_over_heads_and_images()
    {
        const int Images = 2, Windows = 3, Heads = 2, Tokens = 5;
        const int Rows = Images * Windows * Heads * Tokens;
        using var x = new KernelArray<float>(KernelTesting.Values(Rows * Tokens, 1, 3));
        float[] maskValues = Array.ConvertAll(KernelTesting.Values(Windows * Tokens * Tokens, 2), v => v < 0 ? -100f : 0f);
        using var mask = new KernelArray<float>(maskValues);
        using var y = new KernelArray<float>(Rows * Tokens);
        Softmax.Forward(x.Pointer, y.Pointer, Rows, Tokens, new SoftmaxMask(mask.Pointer, Windows, Tokens, Heads));
        for (int row = 0; row < Rows; row++)
        {
            int window = row / (Heads * Tokens) % Windows, token = row % Tokens;
            float[] masked = [.. Enumerable.Range(0, Tokens).Select(c => x[(row * Tokens) + c] + maskValues[(((window * Tokens) + token) * Tokens) + c])];
            KernelTesting.AssertClose(Probabilities(masked), y.Span.Slice(row * Tokens, Tokens), 2e-6, 1e-12);
        }
    }

    [Fact]
    public void Large_and_masked_values_stay_finite()
    {
        float[] x = [1000, 999, float.NegativeInfinity, -1e30f], y = new float[4];
        fixed (float* px = x, py = y)
        {
            Softmax.Forward(px, py, 1, 4);
            KernelTesting.AssertClose([1 / (1 + Math.Exp(-1)), 1 / (1 + Math.E), 0, 0], y, 1e-6, 0);
            x.AsSpan().Fill(float.NegativeInfinity);
            Softmax.Forward(px, py, 1, 4);
            Assert.All(y, v => Assert.True(float.IsNaN(v)));
        }
    }

    [Fact]
    public void Results_are_alike_in_place_and_for_any_thread_count()
    {
        float[] values = KernelTesting.Values(400 * 197, 1, 5);
        KernelTesting.AssertSameForAnyThreadCount(() =>
        {
            using var x = new KernelArray<float>(values);
            Softmax.Forward(x.Pointer, x.Pointer, 400, 197);
            return x.ToArray();
        });
    }
}
