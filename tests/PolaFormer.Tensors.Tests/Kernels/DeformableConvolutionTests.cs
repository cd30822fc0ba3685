using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Tests.Kernels;

public class DeformableConvolutionTests
{
    private const int Batch = 2, Height = 5, Width = 7, Channels = 6, Kernels = 3, Side = 3, Taps = Side * Side;

    [Fact]
    public void WithoutOffsetsItIsTheDepthwiseConvolution()
    {
        (Tensor x, Tensor weight, Tensor bias) = (Random([Batch, Height, Width, Channels], 1), Random([Kernels, 1, Side, Side], 2), Random([Kernels], 3));
        float[] expected = Tensor.DepthwiseConv2d(x, weight, bias).ToArray();
        AssertClose(expected, Tensor.DeformableConv2d(x, Tensor.Zeros([Batch, Height, Width, 2 * Taps]), weight, bias).ToArray());
    }

    [Theory]
    [InlineData(0.7f)]
    [InlineData(3)]
    [InlineData(1e30f)]
    public void ReadsBetweenPixelsAndZerosOutside(float reach)
    {
        (Tensor x, Tensor weight, Tensor bias) = (Random([Batch, Height, Width, Channels], 1), Random([Kernels, 1, Side, Side], 2), Random([Kernels], 3));
        Tensor offsets = Random([Batch, Height, Width, 2 * Taps], 4) * reach;
        float[] image = x.ToArray(), moved = offsets.ToArray(), kernel = weight.ToArray(), shift = bias.ToArray();
        float[] expected = new float[image.Length];
        for (int i = 0; i < expected.Length; i++)
        {
            (int pixel, int channel) = (i / Channels, i % Channels);
            (int b, int row, int column) = (pixel / (Height * Width), pixel / Width % Height, pixel % Width);
            double sum = shift[channel % Kernels];
            for (int tap = 0; tap < Taps; tap++)
            {
                double y = row + (tap / Side) - 1 + moved[(pixel * 2 * Taps) + (2 * tap)], z = column + (tap % Side) - 1 + moved[(pixel * 2 * Taps) + (2 * tap) + 1];
                sum += kernel[(channel % Kernels * Taps) + tap] * Bilinear((r, c) => image[(((((b * Height) + r) * Width) + c) * Channels) + channel], y, z);
            }

            expected[i] = (float)sum;
        }

        AssertClose(expected, Tensor.DeformableConv2d(x, offsets, weight, bias).ToArray());
    }

    [Fact]
    public void OffsetsOfAnotherKernelAreRefused()
    {
        Tensor x = Tensor.Zeros([1, 4, 4, 2]), weight = Tensor.Zeros([2, 1, 5, 5]);
        Assert.Throws<ArgumentException>(() => Tensor.DeformableConv2d(x, Tensor.Zeros([1, 4, 4, 18]), weight));
    }

    // Every pixel weighs 1 − distance in both directions.
    private static double Bilinear(Func<int, int, double> pixel, double y, double x)
    {
        double sum = 0;
        for (int row = 0; row < Height; row++)
        {
            for (int column = 0; column < Width; column++)
                sum += Math.Max(0, 1 - Math.Abs(y - row)) * Math.Max(0, 1 - Math.Abs(x - column)) * pixel(row, column);
        }

        return sum;
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 2e-5f);
    }

    private static Tensor Random(Shape shape, ulong stream)
    {
        Tensor x = Tensor.Empty(shape);
        new Philox(5, stream).FillNormal(x.AsSpan<float>(), 0);
        return x;
    }
}
