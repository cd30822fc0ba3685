namespace PolaFormer.Vision.Tests;

/// <summary>Pillow's two passes written down plainly, one sample at a time.</summary>
internal static class SlowResize
{
    public static Image Resize(Image source, int width, int height, ResamplingFilter filter) =>
        Resize(source, new(0, 0, source.Width, source.Height), width, height, filter);

    public static Image Resize(Image source, ResampleBox box, int width, int height, ResamplingFilter filter)
    {
        var between = new Image(width, source.Height);
        for (int x = 0; x < width; x++)
        {
            (int from, int[] weights) = Weights(source.Width, box.Left, box.Right, width, x, filter);
            for (int y = 0; y < source.Height; y++)
                for (int c = 0; c < 3; c++)
                    between.Row(y)[(3 * x) + c] = Sum(weights, k => source.Row(y)[(3 * (from + k)) + c]);
        }
        var result = new Image(width, height);
        for (int y = 0; y < height; y++)
        {
            (int from, int[] weights) = Weights(source.Height, box.Top, box.Bottom, height, y, filter);
            for (int i = 0; i < result.Stride; i++)
                result.Row(y)[i] = Sum(weights, k => between.Row(from + k)[i]);
        }
        return result;
    }

    private static byte Sum(int[] weights, Func<int, byte> sample)
    {
        int sum = 1 << 21;
        for (int k = 0; k < weights.Length; k++)
            sum += sample(k) * weights[k];
        return (byte)Math.Clamp(sum >> 22, 0, 255);
    }

    private static (int From, int[] Weights) Weights(int sourceSize, float low, float high, int size, int position, ResamplingFilter filter)
    {
        double scale = (double)(high - low) / size, stretch = Math.Max(1, scale), center = low + ((position + 0.5) * scale);
        (double radius, Func<double, double> f) = filter switch
        {
            ResamplingFilter.Box => (0.5, x => x > -0.5 && x <= 0.5 ? 1.0 : 0.0),
            ResamplingFilter.Bilinear => (1, x => Math.Max(0, 1 - Math.Abs(x))),
            ResamplingFilter.Hamming => (1, x => Math.Abs(x) >= 1 ? 0 : Sinc(x) * (0.54f + (0.46f * Math.Cos(x * Math.PI)))),
            ResamplingFilter.Bicubic => (2.0, Cubic),
            _ => (3.0, new Func<double, double>(x => x < -3 || x >= 3 ? 0 : Sinc(x) * Sinc(x / 3))),
        };
        int from = Math.Max(0, (int)(center - (radius * stretch) + 0.5)), to = Math.Min(sourceSize, (int)(center + (radius * stretch) + 0.5));
        double[] values = [.. Enumerable.Range(from, to - from).Select(i => f((i - center + 0.5) * (1 / stretch)))];
        double sum = 0;
        foreach (double value in values)
            sum += value;
        return (from, [.. values.Select(value => (int)((value / sum * (1 << 22)) + (value < 0 ? -0.5 : 0.5)))]);
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);

    private static double Cubic(double x)
    {
        x = Math.Abs(x);
        return x < 1 ? (((1.5 * x) - 2.5) * x * x) + 1 : x < 2 ? (((((x - 5) * x) + 8) * x) - 4) * -0.5 : 0;
    }
}
