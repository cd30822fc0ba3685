using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class PoolingTests
{
    [Theory]
    [InlineData(2, 5, 7, 3, 1, 1)]
    [InlineData(2, 5, 7, 17, 2, 3)]
    [InlineData(1, 1, 10, 33, 1, 3)]
    [InlineData(1, 3, 3, 5, 7, 7)]
    public void Adaptive_averages_cover_the_image(int batch, int height, int width, int channels, int outHeight, int outWidth)
    {
        using var x = new KernelArray<float>(KernelTesting.Values(batch * height * width * channels, 1));
        using var dy = new KernelArray<float>(KernelTesting.Values(batch * outHeight * outWidth * channels, 2));
        using var y = new KernelArray<float>(dy.Length);
        using var dx = new KernelArray<float>(x.Length);
        Pooling.AdaptiveAverage(x.Pointer, batch, height, width, channels, y.Pointer, outHeight, outWidth);
        Pooling.AdaptiveAverageBackward(dy.Pointer, batch, outHeight, outWidth, channels, dx.Pointer, height, width);
        double[] rightY = new double[y.Length], rightDx = new double[x.Length];
        for (int o = 0; o < y.Length; o++)
        {
            int c = o % channels, j = o / channels % outWidth, i = o / channels / outWidth % outHeight, b = o / channels / outWidth / outHeight;
            int top = i * height / outHeight, bottom = (int)Math.Ceiling((i + 1.0) * height / outHeight);
            int left = j * width / outWidth, right = (int)Math.Ceiling((j + 1.0) * width / outWidth);
            for (int k = top; k < bottom; k++)
                for (int l = left; l < right; l++)
                {
                    int n = (((((b * height) + k) * width) + l) * channels) + c;
                    rightY[o] += (double)x[n] / (bottom - top) / (right - left);
                    rightDx[n] += (double)dy[o] / (bottom - top) / (right - left);
                }
        }

        KernelTesting.AssertClose(rightY, y.Span, 1e-6, 1e-6);
        KernelTesting.AssertClose(rightDx, dx.Span, 1e-6, 1e-6);
    }

    public static TheoryData<int, int, int, int, int, int, int> Windows => new()
    {
        { 2, 8, 9, 5, 2, 2, 0 }, { 1, 7, 7, 17, 3, 2, 1 }, { 1, 6, 5, 33, 3, 1, 1 }, { 1, 9, 9, 16, 2, 3, 0 }, { 1, 2, 2, 3, 3, 1, 0 },
    };

    [Theory]
    [MemberData(nameof(Windows))]
    public void Average_and_maximum_follow_the_windows(int batch, int height, int width, int channels, int kernel, int stride, int padding)
    {
        var window = new PoolWindow(kernel, stride, padding);
        int outHeight = window.OutExtent(height), outWidth = window.OutExtent(width);
        // Few different values: ties are common.
        using var x = new KernelArray<float>(Array.ConvertAll(KernelTesting.Values(batch * height * width * channels, 1, 3), MathF.Round));
        using var dy = new KernelArray<float>(KernelTesting.Values(batch * outHeight * outWidth * channels, 2));
        using var mean = new KernelArray<float>(dy.Length);
        using var max = new KernelArray<float>(dy.Length);
        using var dxMean = new KernelArray<float>(x.Length);
        using var dxMax = new KernelArray<float>(x.Length);
        Pooling.Average(x.Pointer, batch, height, width, channels, window, mean.Pointer);
        Pooling.AverageBackward(dy.Pointer, batch, height, width, channels, window, dxMean.Pointer);
        Pooling.Max(x.Pointer, batch, height, width, channels, window, max.Pointer);
        Pooling.MaxBackward(x.Pointer, dy.Pointer, batch, height, width, channels, window, dxMax.Pointer);

        double[] rightMean = new double[dy.Length], rightMax = new double[dy.Length], rightDxMean = new double[x.Length], rightDxMax = new double[x.Length];
        for (int o = 0; o < dy.Length; o++)
        {
            int c = o % channels, j = o / channels % outWidth, i = o / channels / outWidth % outHeight, b = o / channels / outWidth / outHeight;
            rightMax[o] = double.NegativeInfinity;
            int best = 0;
            for (int k = (i * stride) - padding; k < (i * stride) - padding + kernel; k++)
                for (int l = (j * stride) - padding; l < (j * stride) - padding + kernel; l++)
                {
                    if (k < 0 || k >= height || l < 0 || l >= width)
                        continue;
                    int n = (((((b * height) + k) * width) + l) * channels) + c;
                    rightMean[o] += (double)x[n] / kernel / kernel;
                    rightDxMean[n] += (double)dy[o] / kernel / kernel;
                    if (x[n] > rightMax[o])
                        (rightMax[o], best) = (x[n], n);
                }

            rightDxMax[best] += dy[o];
        }

        KernelTesting.AssertClose(rightMean, mean.Span, 1e-6, 1e-6);
        KernelTesting.AssertClose(rightDxMean, dxMean.Span, 1e-6, 1e-6);
        KernelTesting.AssertClose(rightMax, max.Span, 0, 0);
        KernelTesting.AssertClose(rightDxMax, dxMax.Span, 1e-6, 1e-6);
    }

    [Fact]
    public void Results_are_alike_for_any_thread_count()
    {
        float[] values = KernelTesting.Values(2 * 40 * 40 * 64, 1);
        KernelTesting.AssertSameForAnyThreadCount(() =>
        {
            using var x = new KernelArray<float>(values);
            using var y = new KernelArray<float>(2 * 20 * 20 * 64);
            using var dx = new KernelArray<float>(values.Length);
            var window = new PoolWindow(3, 2, 1);
            Pooling.Max(x.Pointer, 2, 40, 40, 64, window, y.Pointer);
            Pooling.MaxBackward(x.Pointer, y.Pointer, 2, 40, 40, 64, window, dx.Pointer);
            Pooling.Average(x.Pointer, 2, 40, 40, 64, window, y.Pointer);
            return [.. y.Span, .. dx.Span];
        });
    }
}
