using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public sealed unsafe class DepthwiseConvolutionTests : IDisposable
{
    private readonly int _threadCount = Workers.ThreadCount;

    public void Dispose() => Workers.ThreadCount = _threadCount;

    /// <summary>Batch, height, width, channels, weight channels, kernel, stride, padding, dilation.</summary>
    public static TheoryData<int[]> Shapes => new()
    {
        new int[] { 2, 7, 9, 16, 16, 3, 1, 1, 1 },
        new int[] { 1, 14, 14, 64, 32, 5, 1, 2, 1 },    // a kernel shared by two heads
        new int[] { 2, 6, 7, 37, 37, 3, 1, 1, 1 },      // channels that fill no vector
        new int[] { 1, 9, 8, 20, 5, 3, 2, 1, 1 },
        new int[] { 1, 12, 11, 8, 8, 5, 3, 2, 1 },
        new int[] { 1, 9, 10, 6, 3, 3, 1, 2, 2 },
        new int[] { 1, 5, 6, 4, 4, 3, 1, 3, 1 },        // padding wider than the kernel reaches
        new int[] { 1, 2, 2, 3, 3, 5, 1, 2, 1 },
        new int[] { 1, 8, 3, 17, 17, 2, 1, 0, 1 },
        new int[] { 2, 28, 28, 96, 96, 3, 1, 1, 1 },
    };

    private sealed record Case(DepthwiseShape Shape, float[] X, float[] Weight, float[] Bias, float[] Dy)
    {
        /// <summary>The weight with one kernel a channel.</summary>
        public float[] FullWeight => Enumerable.Range(0, Shape.Channels)
            .SelectMany(c => Weight.Skip(c % Shape.WeightChannels * Shape.Taps).Take(Shape.Taps)).ToArray();

        public float[] FullBias => Enumerable.Range(0, Shape.Channels).Select(c => Bias[c % Shape.WeightChannels]).ToArray();
    }

    private static Case Create(int[] s)
    {
        var convolution = new ConvolutionShape
        {
            Batch = s[0],
            Height = s[1],
            Width = s[2],
            InChannels = s[3],
            OutChannels = s[3],
            KernelHeight = s[5],
            KernelWidth = s[5],
            StrideH = s[6],
            StrideW = s[6],
            PadH = s[7],
            PadW = s[7],
            DilationH = s[8],
            DilationW = s[8],
            Groups = s[3],
        };
        var shape = new DepthwiseShape(convolution) { WeightChannels = s[4] };
        var random = new System.Random(s[1]);
        return new Case(
            shape,
            ConvolutionReference.Random(random, shape.InLines * convolution.Width * s[3]),
            ConvolutionReference.Random(random, s[4] * shape.Taps),
            ConvolutionReference.Random(random, s[4]),
            ConvolutionReference.Random(random, shape.OutLines * convolution.OutWidth * s[3]));
    }

    /// <summary>The same pixels as columns 2 … of rows three floats wider.</summary>
    private static float[] Widen(float[] pixels, int channels)
    {
        float[] wide = new float[pixels.Length / channels * (channels + 3)];
        for (int i = 0; i < pixels.Length; i++)
            wide[(i / channels * (channels + 3)) + 2 + (i % channels)] = pixels[i];
        return wide;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void ForwardIsTheDefinition(int[] extents)
    {
        var test = Create(extents);
        double[] expected = ConvolutionReference.Forward(test.Shape.Convolution, test.X, test.FullWeight, test.FullBias);
        using var y = new NativeFloats(expected.Length);
        fixed (float* x = test.X, weight = test.Weight, bias = test.Bias)
            DepthwiseConvolution.Forward(test.Shape, x, weight, tapsFirst: false, bias, new DepthwiseFinish(), y.Pointer);
        ConvolutionReference.AssertClose(expected, y.Span, "y");
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void AColumnSliceOfAWiderBufferIsRead(int[] extents)
    {
        var test = Create(extents);
        double[] expected = ConvolutionReference.Forward(test.Shape.Convolution, test.X, test.FullWeight, null);
        using var y = new NativeFloats(expected.Length);
        fixed (float* x = Widen(test.X, test.Shape.Channels), weight = test.Weight)
            DepthwiseConvolution.Forward(test.Shape with { InputStride = test.Shape.Channels + 3 }, x + 2, weight, tapsFirst: false, null, new DepthwiseFinish(), y.Pointer);
        ConvolutionReference.AssertClose(expected, y.Span, "y");
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void GradientsAreThoseOfTheDefinition(int[] extents)
    {
        var test = Create(extents);
        var expected = ConvolutionReference.Backward(test.Shape.Convolution, test.X, test.FullWeight, test.Dy);
        double[] expectedWeight = new double[test.Weight.Length];
        for (int i = 0; i < expected.Weight.Length; i++)
            expectedWeight[i % expectedWeight.Length] += expected.Weight[i];
        double[] expectedBias = new double[test.Bias.Length];
        for (int i = 0; i < expected.Bias.Length; i++)
            expectedBias[i % expectedBias.Length] += expected.Bias[i];

        using NativeFloats dx = new(test.X.Length), dweight = new(test.Weight.Length), dbias = new(test.Bias.Length);
        fixed (float* x = test.X, weight = test.Weight, dy = test.Dy)
        {
            DepthwiseConvolution.BackwardInput(test.Shape, weight, dy, addInput: false, dx.Pointer);
            DepthwiseConvolution.BackwardWeight(test.Shape, x, dy, dweight.Pointer, dbias.Pointer);
        }
        ConvolutionReference.AssertClose(expected.X, dx.Span, "dx");
        ConvolutionReference.AssertClose(expectedWeight, dweight.Span, "dweight");
        ConvolutionReference.AssertClose(expectedBias, dbias.Span, "dbias");
    }

    [Fact]
    public void TheInputGradientOfASliceTouchesItsColumnsOnly()
    {
        foreach (int stride in new[] { 1, 2 })
        {
            var test = Create([1, 8, 9, 20, 5, 3, stride, 1, 1]);
            double[] expected = ConvolutionReference.Backward(test.Shape.Convolution, test.X, test.FullWeight, test.Dy).X;
            float[] dx = new float[Widen(test.X, 20).Length];
            fixed (float* weight = test.Weight, dy = test.Dy, target = dx)
                DepthwiseConvolution.BackwardInput(test.Shape with { InputStride = 23 }, weight, dy, addInput: false, target + 2);
            ConvolutionReference.AssertClose(Widen(expected.Select(value => (float)value).ToArray(), 20).Select(value => (double)value).ToArray(), dx, "dx");
        }
    }

    [Fact]
    public void TheInputItselfCanBeAdded()
    {
        var test = Create([2, 7, 9, 37, 37, 3, 1, 1, 1]);
        double[] forward = ConvolutionReference.Forward(test.Shape.Convolution, test.X, test.FullWeight, test.FullBias);
        double[] backward = ConvolutionReference.Backward(test.Shape.Convolution, test.X, test.FullWeight, test.Dy).X;
        for (int i = 0; i < forward.Length; i++)
        {
            forward[i] += test.X[i];
            backward[i] += test.Dy[i];
        }
        using NativeFloats y = new(forward.Length), dx = new(forward.Length);
        fixed (float* x = test.X, weight = test.Weight, bias = test.Bias, dy = test.Dy)
        {
            DepthwiseConvolution.Forward(test.Shape, x, weight, tapsFirst: false, bias, new DepthwiseFinish { AddsInput = true }, y.Pointer);
            DepthwiseConvolution.BackwardInput(test.Shape, weight, dy, addInput: true, dx.Pointer);
        }
        ConvolutionReference.AssertClose(forward, y.Span, "y");
        ConvolutionReference.AssertClose(backward, dx.Span, "dx");
    }

    [Fact]
    public void AnyNumberOfThreadsGivesTheSameBits()
    {
        var test = Create([2, 28, 28, 96, 32, 3, 1, 1, 1]);
        List<float[]> Run(int threads)
        {
            Workers.ThreadCount = threads;
            float[] y = new float[test.Dy.Length], dx = new float[test.X.Length], dweight = new float[test.Weight.Length], dbias = new float[test.Bias.Length];
            fixed (float* x = test.X, weight = test.Weight, bias = test.Bias, dy = test.Dy, py = y, pdx = dx, pdw = dweight, pdb = dbias)
            {
                DepthwiseConvolution.Forward(test.Shape, x, weight, tapsFirst: false, bias, new DepthwiseFinish(), py);
                DepthwiseConvolution.BackwardInput(test.Shape, weight, dy, addInput: false, pdx);
                DepthwiseConvolution.BackwardWeight(test.Shape, x, dy, pdw, pdb);
            }
            return [y, dx, dweight, dbias];
        }

        var one = Run(1);
        foreach (int threads in (int[])[2, 3])
        {
            List<float[]> more = Run(threads);
            for (int i = 0; i < one.Count; i++)
                KernelTesting.AssertSameBits<float>(one[i], more[i]);
        }
    }
}
