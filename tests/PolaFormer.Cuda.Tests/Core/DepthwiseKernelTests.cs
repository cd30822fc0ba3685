using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Tests.Core;

public class DepthwiseKernelTests
{
    [Theory]
    [InlineData("Float", 2, 6, 5, 6, 3, 3, false)]
    [InlineData("Float", 1, 9, 4, 4, 4, 5, true)]
    [InlineData("BFloat16", 1, 7, 8, 8, 2, 5, false)]
    [InlineData("Float", 3, 15, 9, 72, 72, 3, false)] // four channels a thread
    [InlineData("Float", 2, 9, 16, 16, 8, 5, true)]
    [InlineData("BFloat16", 2, 17, 8, 40, 40, 3, true)]
    [InlineData("BFloat16", 1, 16, 5, 16, 4, 5, false)]
    [InlineData("Float", 2, 1, 150, 24, 8, 5, true, true)] // a line of taps, in pieces
    public void Results_and_gradients_match_plain_loops(string storage, int batch, int height, int width, int channels, int kernels, int size, bool gated, bool isLine = false)
    {
        StorageType type = Enum.Parse<StorageType>(storage);
        var random = new Random(size);
        int pixels = height * width, taps = isLine ? size : size * size, half = size / 2, above = isLine ? 0 : half;
        HostTensor x = HostTensor.Random(random, type, batch, pixels, channels), dy = HostTensor.Random(random, type, batch, pixels, channels);
        HostTensor addend = HostTensor.Random(random, type, batch, pixels, channels), gate = HostTensor.Random(random, type, batch, pixels, channels);
        HostTensor y = new(type, batch, pixels, channels), sum = new(type, batch, pixels, channels), dx = new(type, batch, pixels, channels);
        HostFloats weight = HostFloats.Random(random, kernels * taps, -1, 1), bias = HostFloats.Random(random, kernels, -1, 1), dw = new(taps * kernels), db = new(kernels);
        var shape = new ConvolutionShape
        {
            Batch = batch,
            Height = height,
            Width = width,
            InChannels = channels,
            OutChannels = channels,
            KernelHeight = isLine ? 1 : size,
            KernelWidth = size,
            StrideH = 1,
            StrideW = 1,
            PadH = above,
            PadW = half,
            DilationH = 1,
            DilationW = 1,
            Groups = channels,
        };
        var arguments = new DepthwiseArguments(shape, kernels)
        {
            X = x.Address,
            Weight = weight.Address,
            Bias = bias.Address,
            Y = y.Address,
            AddInput = gated ? 0 : 1,
        };
        var queue = new FibreQueue(order: 1);
        var workspace = new HostFloats(DepthwiseKernels.Workspace(queue, type, arguments));

        DepthwiseKernels.Forward(queue, type, gated ? arguments with { Addend = addend.Address, Gate = gate.Address, Sum = sum.Address } : arguments);
        DepthwiseKernels.InputGradient(queue, type, arguments with { DY = dy.Address, Y = dx.Address });
        DepthwiseKernels.WeightGradient(queue, type, arguments with { DY = dy.Address }, dw.Address, db.Address, workspace.Address);

        double[] expected = new double[batch * pixels * channels], sums = new double[expected.Length], gradient = new double[expected.Length], dWeight = new double[taps * kernels], dBias = new double[kernels];
        for (int b = 0; b < batch; b++)
            for (int p = 0; p < pixels; p++)
                for (int c = 0; c < channels; c++)
                {
                    int at = (((b * pixels) + p) * channels) + c, kernel = c % kernels;
                    double value = bias.Span[kernel] + (gated ? 0 : x[b, p, c]), back = gated ? 0 : dy[b, p, c];
                    dBias[kernel] += dy[b, p, c];
                    for (int tap = 0; tap < taps; tap++)
                    {
                        int row = (p / width) + (tap / size) - above, column = (p % width) + (tap % size) - half;
                        int otherRow = (p / width) - (tap / size) + above, otherColumn = (p % width) - (tap % size) + half;
                        if (row >= 0 && row < height && column >= 0 && column < width)
                        {
                            value += weight.Span[kernel * taps + tap] * x[b, row * width + column, c];
                            dWeight[kernel * taps + tap] += dy[b, p, c] * x[b, row * width + column, c];
                        }

                        if (otherRow >= 0 && otherRow < height && otherColumn >= 0 && otherColumn < width)
                            back += weight.Span[(kernel * taps) + tap] * dy[b, (otherRow * width) + otherColumn, c];
                    }

                    sums[at] = value + addend[b, p, c];
                    expected[at] = gated ? sums[at] * gate[b, p, c] : value;
                    gradient[at] = back;
                }

        double tolerance = type == StorageType.Float ? 2e-6 : 6e-3;
        Distance.AssertWithin(tolerance, expected, y.ToDoubles(), "y");
        Distance.AssertWithin(tolerance, gradient, dx.ToDoubles(), "dx");
        Distance.AssertWithin(2e-6, dWeight, dw.ToDoubles(), "dweight");
        Distance.AssertWithin(2e-6, dBias, db.ToDoubles(), "dbias");
        if (gated)
            Distance.AssertWithin(tolerance, sums, sum.ToDoubles(), "sum");
    }
}
