using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Tests.Fibres;

namespace PolaFormer.Cuda.Tests.Core;

public class NormalizationKernelTests
{
    private const float Eps = 1e-5f;

    [Theory]
    [InlineData(13, 50)]
    [InlineData(75, 64)] // rows in registers
    [InlineData(9, 320)]
    public void Layer_norm_of_floats_to_bfloat16_rounds_the_result_alone(int rows, int channels)
    {
        var random = new Random(rows);
        HostTensor x = HostTensor.Random(random, StorageType.Float, 1, rows, channels, zeros: 0), whole = new(StorageType.Float, 1, rows, channels), y = new(StorageType.BFloat16, 1, rows, channels);
        HostFloats weight = HostFloats.Random(random, channels, 0.5, 1.5), mean = new(rows), rstd = new(rows), otherMean = new(rows), otherRstd = new(rows);
        var queue = new FibreQueue(0);

        NormalizationKernels.LayerNorm(queue, StorageType.Float, StorageType.Float, x.Address, weight.Address, 0, Eps, whole.Address, mean.Address, rstd.Address, rows, channels);
        NormalizationKernels.LayerNorm(queue, StorageType.Float, StorageType.BFloat16, x.Address, weight.Address, 0, Eps, y.Address, otherMean.Address, otherRstd.Address, rows, channels);

        Assert.All(whole.ToDoubles().Zip(y.ToDoubles()), pair => Assert.Equal(pair.First, pair.Second, Math.Abs(pair.First) / 256));
        Assert.Equal(mean.Span.ToArray(), otherMean.Span.ToArray());
        Assert.Equal(rstd.Span.ToArray(), otherRstd.Span.ToArray());
        y.AssertSurroundingsUntouched();
    }

    [Theory]
    [InlineData("Float", 37, 50, 0)]
    [InlineData("Float", 5, 3, 1)]
    [InlineData("BFloat16", 20, 96, 9)]
    [InlineData("Float", 75, 64, 7)] // rows in registers
    [InlineData("Float", 21, 320, 0)]
    [InlineData("BFloat16", 19, 256, 1)]
    [InlineData("Float", 3, 516, 0)]
    public void Layer_norm_and_its_gradients(string storage, int rows, int channels, int order)
    {
        StorageType type = Enum.Parse<StorageType>(storage);
        var random = new Random(rows);
        HostTensor x = HostTensor.Random(random, type, 1, rows, channels, zeros: 0), dy = HostTensor.Random(random, type, 1, rows, channels, zeros: 0);
        HostTensor y = new(type, 1, rows, channels), dx = new(type, 1, rows, channels);
        HostFloats weight = HostFloats.Random(random, channels, 0.5, 1.5), bias = HostFloats.Random(random, channels, -1, 1);
        HostFloats mean = new(rows), rstd = new(rows), parameters = new(2 * channels);
        var queue = new FibreQueue((uint)order);
        var workspace = new HostFloats(NormalizationKernels.Workspace(queue, rows, channels));

        NormalizationKernels.LayerNorm(queue, type, type, x.Address, weight.Address, bias.Address, Eps, y.Address, mean.Address, rstd.Address, rows, channels);
        NormalizationKernels.LayerNormGradient(
            queue, type, x.Address, weight.Address, mean.Address, rstd.Address, dy.Address, dx.Address, parameters.Address, workspace.Address, rows, channels);

        double[] expected = new double[rows * channels], gradient = new double[rows * channels], sums = new double[2 * channels];
        for (int r = 0; r < rows; r++)
        {
            double[] row = [.. Enumerable.Range(0, channels).Select(c => (double)x[0, r, c])];
            double m = row.Average(), s = 1 / Math.Sqrt(row.Average(v => (v - m) * (v - m)) + Eps);
            double[] n = [.. row.Select(v => (v - m) * s)], g = [.. Enumerable.Range(0, channels).Select(c => (double)dy[0, r, c] * weight.Span[c])];
            double dot = g.Zip(n, (a, b) => a * b).Average();
            for (int c = 0; c < channels; c++)
            {
                expected[(r * channels) + c] = (n[c] * weight.Span[c]) + bias.Span[c];
                gradient[(r * channels) + c] = s * (g[c] - g.Average() - (n[c] * dot));
                sums[c] += dy[0, r, c] * n[c];
                sums[channels + c] += dy[0, r, c];
            }
        }

        double tolerance = type == StorageType.Float ? 2e-6 : 5e-3;
        Distance.AssertWithin(tolerance, expected, y.ToDoubles(), "y");
        Distance.AssertWithin(tolerance, gradient, dx.ToDoubles(), "dx");
        Distance.AssertWithin(2e-6, sums, parameters.ToDoubles(), "dweight, dbias");
    }

    [Theory]
    [InlineData("Float", 11, 70, false)]
    [InlineData("Float", 11, 70, true)]
    [InlineData("BFloat16", 9, 33, false)]
    public void Softmax_and_its_gradient(string storage, int rows, int columns, bool logarithm)
    {
        StorageType type = Enum.Parse<StorageType>(storage);
        var random = new Random(columns);
        HostTensor x = HostTensor.Random(random, type, 1, rows, columns), dy = HostTensor.Random(random, type, 1, rows, columns);
        HostTensor y = new(type, 1, rows, columns), dx = new(type, 1, rows, columns);
        if (type == StorageType.Float)
            x[0, 0, 1] = float.NegativeInfinity;
        var queue = new FibreQueue(order: 0);

        NormalizationKernels.Softmax(queue, type, x.Address, y.Address, logarithm, rows, columns);
        NormalizationKernels.SoftmaxGradient(queue, type, y.Address, dy.Address, dx.Address, logarithm, rows, columns);

        double[] p = new double[rows * columns], gradient = new double[rows * columns];
        for (int r = 0; r < rows; r++)
        {
            double sum = Enumerable.Range(0, columns).Sum(c => Math.Exp(x[0, r, c])), dot = 0;
            for (int c = 0; c < columns; c++)
            {
                p[(r * columns) + c] = Math.Exp(x[0, r, c]) / sum;
                dot += logarithm ? dy[0, r, c] : p[(r * columns) + c] * dy[0, r, c];
            }

            for (int c = 0; c < columns; c++)
                gradient[(r * columns) + c] = logarithm ? dy[0, r, c] - (p[(r * columns) + c] * dot) : p[(r * columns) + c] * (dy[0, r, c] - dot);
        }

        double tolerance = type == StorageType.Float ? 2e-6 : 8e-3;
        double[] actual = [.. y.ToDoubles().Select(value => logarithm ? Math.Exp(value) : value)];
        Distance.AssertWithin(tolerance, p, actual, "y");
        Distance.AssertWithin(tolerance, gradient, dx.ToDoubles(), "dx");
    }
}
