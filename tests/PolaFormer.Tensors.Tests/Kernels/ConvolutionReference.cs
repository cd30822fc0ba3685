namespace PolaFormer.Tensors.Tests.Kernels;

/// <summary>A convolution and its gradients in double precision, one multiply-add at a time, from the definition.</summary>
internal static class ConvolutionReference
{
    public static double[] Forward(ConvolutionShape s, float[] x, float[] weight, float[]? bias)
    {
        double[] y = new double[s.Batch * s.OutHeight * s.OutWidth * s.OutChannels];
        if (bias != null)
            for (int i = 0; i < y.Length; i++)
                y[i] = bias[i % s.OutChannels];
        (int inputs, int taps) = (s.InChannels / s.Groups, s.KernelHeight * s.KernelWidth);
        ForEach(s, (xi, wi, yi) =>
        {
            for (int ci = 0; ci < inputs; ci++)
                y[yi] += (double)x[xi + ci] * weight[wi + (ci * taps)];
        });
        return y;
    }

    public static (double[] X, double[] Weight, double[] Bias) Backward(ConvolutionShape s, float[] x, float[] weight, float[] dy)
    {
        (double[] dx, double[] dweight, double[] dbias) = (new double[x.Length], new double[weight.Length], new double[s.OutChannels]);
        (int inputs, int taps) = (s.InChannels / s.Groups, s.KernelHeight * s.KernelWidth);
        ForEach(s, (xi, wi, yi) =>
        {
            double gradient = dy[yi];
            for (int ci = 0; ci < inputs; ci++)
            {
                dx[xi + ci] += gradient * weight[wi + (ci * taps)];
                dweight[wi + (ci * taps)] += gradient * x[xi + ci];
            }
        });
        for (int i = 0; i < dy.Length; i++)
            dbias[i % s.OutChannels] += dy[i];
        return (dx, dweight, dbias);
    }

    /// <summary>Calls with the positions in x, weight and y of every product of the sum with the first input channel of a group; those of the others follow.</summary>
    private static void ForEach(ConvolutionShape s, Action<int, int, int> products)
    {
        (int inputs, int outputs) = (s.InChannels / s.Groups, s.OutChannels / s.Groups);
        for (int b = 0; b < s.Batch; b++)
            for (int oy = 0; oy < s.OutHeight; oy++)
                for (int ox = 0; ox < s.OutWidth; ox++)
                    for (int ky = 0; ky < s.KernelHeight; ky++)
                        for (int kx = 0; kx < s.KernelWidth; kx++)
                        {
                            (int iy, int ix) = ((oy * s.StrideH) - s.PadH + (ky * s.DilationH), (ox * s.StrideW) - s.PadW + (kx * s.DilationW));
                            if (iy < 0 || iy >= s.Height || ix < 0 || ix >= s.Width)
                                continue;
                            for (int co = 0; co < s.OutChannels; co++)
                                products(
                                    (((((b * s.Height) + iy) * s.Width) + ix) * s.InChannels) + (co / outputs * inputs),
                                    (((co * inputs * s.KernelHeight) + ky) * s.KernelWidth) + kx,
                                    (((((b * s.OutHeight) + oy) * s.OutWidth) + ox) * s.OutChannels) + co);
                        }
    }

    public static float[] Random(System.Random random, int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = (random.NextSingle() * 2) - 1;
        return values;
    }

    public static void AssertClose(double[] expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = Math.Max(1, expected.Length == 0 ? 0 : expected.Max(Math.Abs));
        for (int i = 0; i < expected.Length; i++)
            if (!(Math.Abs(expected[i] - actual[i]) <= 1e-5 * scale))
                Assert.Fail($"{what}[{i}] is {actual[i]} instead of {expected[i]}.");
    }
}
