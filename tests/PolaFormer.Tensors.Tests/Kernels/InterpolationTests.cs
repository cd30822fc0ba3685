using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class InterpolationTests
{
    private static double Cubic(double x)
    {
        x = Math.Abs(x);
        const double A = -0.75;
        return x <= 1 ? ((A + 2) * x * x * x) - ((A + 3) * x * x) + 1 : x < 2 ? (A * x * x * x) - (5 * A * x * x) + (8 * A * x) - (4 * A) : 0;
    }

    /// <summary>The weight of an input for an output, straight from the definition.</summary>
    private static double Weight(InterpolationMode mode, int inputs, int outputs, int output, int input)
    {
        double source = ((output + 0.5) * inputs / outputs) - 0.5, sum = 0;
        if (mode == InterpolationMode.Bilinear)
        {
            source = Math.Max(0, source);
            int left = (int)source;
            if (Math.Min(left, inputs - 1) == input)
                sum += 1 - (source - left);
            return Math.Min(left + 1, inputs - 1) == input ? sum + source - left : sum;
        }

        for (int tap = (int)Math.Floor(source) - 1; tap <= (int)Math.Floor(source) + 2; tap++)
        {
            if (Math.Clamp(tap, 0, inputs - 1) == input)
                sum += Cubic(source - tap);
        }

        return sum;
    }

    [Theory]
    [InlineData("Bilinear", 2, 8, 8, 3, 12, 10)]
    [InlineData("Bilinear", 1, 7, 9, 17, 3, 5)]
    [InlineData("Bilinear", 1, 4, 5, 33, 4, 5)]
    [InlineData("Bilinear", 2, 1, 15, 40, 1, 60)]
    [InlineData("Bilinear", 1, 1, 1, 16, 5, 7)]
    [InlineData("Bicubic", 1, 7, 7, 3, 12, 12)]
    [InlineData("Bicubic", 2, 9, 5, 20, 4, 6)]
    [InlineData("Bicubic", 1, 1, 2, 16, 3, 3)]
    [InlineData("Bicubic", 1, 6, 6, 5, 6, 6)]
    public void Values_and_gradients_follow_the_weights(string name, int batch, int height, int width, int channels, int outHeight, int outWidth)
    {
        InterpolationMode mode = Enum.Parse<InterpolationMode>(name);
        using var x = new KernelArray<float>(KernelTesting.Values(batch * height * width * channels, 1));
        using var dy = new KernelArray<float>(KernelTesting.Values(batch * outHeight * outWidth * channels, 2));
        using var y = new KernelArray<float>(dy.Length);
        using var dx = new KernelArray<float>(x.Length);
        Interpolation.Image(mode, x.Pointer, batch, height, width, channels, y.Pointer, outHeight, outWidth);
        Interpolation.ImageBackward(mode, dy.Pointer, batch, outHeight, outWidth, channels, dx.Pointer, height, width);
        double[] rightY = new double[y.Length], rightDx = new double[x.Length];
        for (int b = 0; b < batch; b++)
            for (int i = 0; i < outHeight; i++)
                for (int j = 0; j < outWidth; j++)
                    for (int k = 0; k < height; k++)
                        for (int l = 0; l < width; l++)
                        {
                            double weight = Weight(mode, height, outHeight, i, k) * Weight(mode, width, outWidth, j, l);
                            for (int c = 0; c < channels && weight != 0; c++)
                            {
                                int o = (((((b * outHeight) + i) * outWidth) + j) * channels) + c, n = (((((b * height) + k) * width) + l) * channels) + c;
                                rightY[o] += weight * x[n];
                                rightDx[n] += weight * dy[o];
                            }
                        }

        KernelTesting.AssertClose(rightY, y.Span, 1e-6, 1e-6);
        KernelTesting.AssertClose(rightDx, dx.Span, 2e-6, 2e-6);
    }

    [Fact]
    public void Equal_extents_copy_exactly()
    {
        float[] values = KernelTesting.Values(5 * 6 * 7, 1);
        using var x = new KernelArray<float>(values);
        using var y = new KernelArray<float>(values.Length);
        foreach (InterpolationMode mode in Enum.GetValues<InterpolationMode>())
        {
            Interpolation.Image(mode, x.Pointer, 1, 5, 6, 7, y.Pointer, 5, 6);
            Assert.Equal(values, y.ToArray());
        }
    }

    [Fact]
    public void Results_are_alike_for_any_thread_count()
    {
        float[] values = KernelTesting.Values(2 * 49 * 64, 1);
        KernelTesting.AssertSameForAnyThreadCount(() =>
        {
            using var x = new KernelArray<float>(values);
            using var y = new KernelArray<float>(2 * 3136 * 64);
            Interpolation.Linear(x.Pointer, 2, 49, 64, y.Pointer, 3136);
            Interpolation.LinearBackward(y.Pointer, 2, 3136, 64, x.Pointer, 49);
            return [.. y.Span, .. x.Span];
        });
    }
}
