using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public sealed unsafe class Convolution2DTests : IDisposable
{
    private readonly int _threadCount = Workers.ThreadCount;

    public void Dispose() => Workers.ThreadCount = _threadCount;

    /// <summary>Batch, height, width, inputs, outputs, kernel, stride, padding, dilation, groups.</summary>
    public static TheoryData<int[]> Shapes => new()
    {
        new int[] { 2, 6, 5, 3, 4, 1, 1, 0, 1, 1 },     // pointwise
        new int[] { 1, 6, 5, 6, 4, 1, 1, 0, 1, 2 },     // pointwise in groups
        new int[] { 2, 7, 9, 3, 5, 3, 2, 1, 1, 1 },     // the stem
        new int[] { 1, 32, 33, 3, 64, 7, 4, 3, 1, 1 },  // an overlapping patch embedding
        new int[] { 2, 16, 12, 8, 20, 4, 4, 0, 1, 1 },  // patches that tile the image
        new int[] { 1, 17, 14, 8, 20, 4, 4, 0, 1, 1 },  // patches that leave a rim
        new int[] { 1, 9, 8, 5, 6, 2, 3, 1, 1, 1 },     // a stride larger than the kernel
        new int[] { 2, 9, 8, 6, 4, 3, 1, 2, 2, 2 },     // dilated, in groups
        new int[] { 1, 10, 11, 4, 4, 3, 2, 1, 1, 4 },   // depthwise the slow way
        new int[] { 1, 3, 2, 2, 3, 3, 1, 1, 1, 1 },     // an image as small as the kernel
        new int[] { 1, 5, 5, 2, 3, 5, 1, 4, 1, 1 },     // taps that see nothing but padding
        new int[] { 2, 28, 28, 48, 96, 3, 2, 1, 1, 1 }, // enough for many parts
        new int[] { 1, 5, 6, 132, 40, 3, 1, 1, 1, 1 },  // a matrix deeper than a block
        new int[] { 1, 4, 15, 100, 7, 3, 1, 1, 1, 1 },  // the same line by line
        new int[] { 1, 20, 22, 90, 70, 3, 1, 1, 1, 1 }, // the same in many blocks of rows
    };

    private static ConvolutionShape Shape(int[] s) => new()
    {
        Batch = s[0],
        Height = s[1],
        Width = s[2],
        InChannels = s[3],
        OutChannels = s[4],
        KernelHeight = s[5],
        KernelWidth = s[5],
        StrideH = s[6],
        StrideW = s[6],
        PadH = s[7],
        PadW = s[7],
        DilationH = s[8],
        DilationW = s[8],
        Groups = s[9],
    };

    private static (float[] X, float[] Weight, float[] Bias, float[] Dy) Values(in ConvolutionShape s)
    {
        var random = new System.Random(s.Height);
        return (
            ConvolutionReference.Random(random, s.Batch * s.Height * s.Width * s.InChannels),
            ConvolutionReference.Random(random, s.OutChannels * (s.InChannels / s.Groups) * s.KernelHeight * s.KernelWidth),
            ConvolutionReference.Random(random, s.OutChannels),
            ConvolutionReference.Random(random, s.Batch * s.OutHeight * s.OutWidth * s.OutChannels));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void ForwardIsTheDefinition(int[] extents)
    {
        var s = Shape(extents);
        AssertForward(s);
        if (extents[5] > 1)
            AssertForward(s with { KernelWidth = extents[5] + 1, PadW = extents[7] + 1, StrideW = extents[6] + 1 });
    }

    private static void AssertForward(in ConvolutionShape s)
    {
        (float[] x, float[] weight, float[] bias, float[] dy) = Values(s);
        using var y = new NativeFloats(dy.Length);
        fixed (float* px = x, pw = weight, pb = bias)
        {
            Convolution2D.Forward(s, px, pw, new ConvolutionFinish { Bias = pb }, y.Pointer);
            double[] expected = ConvolutionReference.Forward(s, x, weight, bias);
            ConvolutionReference.AssertClose(expected, y.Span, "y");
            Convolution2D.Forward(s, px, pw, new ConvolutionFinish(), y.Pointer);
            for (int i = 0; i < expected.Length; i++)
                expected[i] -= bias[i % s.OutChannels];
            ConvolutionReference.AssertClose(expected, y.Span, "y without bias");
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void GradientsAreThoseOfTheDefinition(int[] extents)
    {
        var s = Shape(extents);
        AssertGradients(s);
        if (extents[5] > 1)
            AssertGradients(s with { KernelWidth = extents[5] + 1, PadW = extents[7] + 1, StrideW = extents[6] + 1 });
    }

    private static void AssertGradients(in ConvolutionShape s)
    {
        (float[] x, float[] weight, float[] bias, float[] dy) = Values(s);
        var expected = ConvolutionReference.Backward(s, x, weight, dy);
        using NativeFloats dx = new(x.Length), dweight = new(weight.Length), dbias = new(bias.Length), biasAlone = new(bias.Length);
        dx.Span.Fill(float.NaN);
        fixed (float* px = x, pw = weight, pdy = dy)
        {
            Convolution2D.BackwardInput(s, pw, pdy, dx.Pointer);
            Convolution2D.BackwardWeight(s, px, pdy, dweight.Pointer, dbias.Pointer);
            Convolution2D.BackwardBias(s, pdy, biasAlone.Pointer);
        }
        ConvolutionReference.AssertClose(expected.X, dx.Span, "dx");
        ConvolutionReference.AssertClose(expected.Weight, dweight.Span, "dweight");
        ConvolutionReference.AssertClose(expected.Bias, dbias.Span, "dbias");
        ConvolutionReference.AssertClose(expected.Bias, biasAlone.Span, "dbias alone");
    }

    [Fact]
    public void AnyNumberOfThreadsGivesTheSameBits()
    {
        var s = Shape([2, 28, 28, 48, 96, 3, 1, 1, 1, 1]);
        (float[] x, float[] weight, float[] bias, float[] dy) = Values(s);
        List<float[]> Run(int threads)
        {
            Workers.ThreadCount = threads;
            float[] y = new float[dy.Length], dx = new float[x.Length], dweight = new float[weight.Length], dbias = new float[bias.Length];
            fixed (float* px = x, pw = weight, pb = bias, pdy = dy, py = y, pdx = dx, pdw = dweight, pdb = dbias)
            {
                Convolution2D.Forward(s, px, pw, new ConvolutionFinish { Bias = pb }, py);
                Convolution2D.BackwardInput(s, pw, pdy, pdx);
                Convolution2D.BackwardWeight(s, px, pdy, pdw, pdb);
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

    [Fact]
    public void AnEmptyBatchHasNoWeightGradient()
    {
        var s = Shape([0, 8, 8, 3, 4, 3, 1, 1, 1, 1]);
        using NativeFloats weight = new(3 * 4 * 9), dweight = new(3 * 4 * 9);
        dweight.Span.Fill(1);
        Convolution2D.Forward(s, null, weight.Pointer, new ConvolutionFinish(), null);
        Convolution2D.BackwardInput(s, weight.Pointer, null, null);
        Convolution2D.BackwardWeight(s, null, null, dweight.Pointer, null);
        Assert.False(dweight.Span.ContainsAnyExcept(0f));
    }
}
