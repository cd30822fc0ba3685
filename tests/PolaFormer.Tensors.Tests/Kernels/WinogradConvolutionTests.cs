using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public sealed unsafe class WinogradConvolutionTests : IDisposable
{
    private readonly int _threadCount = Workers.ThreadCount;

    public void Dispose() => Workers.ThreadCount = _threadCount;

    /// <summary>Batch, height, width, inputs, outputs, padding.</summary>
    public static TheoryData<int[]> Shapes => new()
    {
        new int[] { 2, 7, 9, 64, 64, 1 },
        new int[] { 1, 6, 4, 72, 80, 0 },    // vectors of eight
        new int[] { 1, 5, 8, 66, 67, 2 },    // incomplete vectors
        new int[] { 1, 1, 1, 64, 65, 1 },    // a pixel
        new int[] { 1, 40, 52, 64, 96, 1 },  // many parts
    };

    private static ConvolutionShape Shape(int[] s) => new()
    {
        Batch = s[0],
        Height = s[1],
        Width = s[2],
        InChannels = s[3],
        OutChannels = s[4],
        KernelHeight = 3,
        KernelWidth = 3,
        StrideH = 1,
        StrideW = 1,
        PadH = s[5],
        PadW = s[5],
        DilationH = 1,
        DilationW = 1,
        Groups = 1,
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void It_is_the_convolution(int[] extents)
    {
        ConvolutionShape shape = Shape(extents);
        Assert.True(WinogradConvolution.Fits(shape));
        (float[] x, float[] weight, float[] bias, float[] addend) = Values(shape);
        double[] expected = ConvolutionReference.Forward(shape, x, weight, bias);
        for (int i = 0; i < expected.Length; i++)
            expected[i] = Math.Max(0, expected[i] + addend[i]);
        ConvolutionReference.AssertClose(expected, Run(shape, x, weight, bias, addend, Activation.Relu), "y");
        ConvolutionReference.AssertClose(ConvolutionReference.Forward(shape, x, weight, new float[bias.Length]), Run(shape, x, weight, null, null, Activation.None), "the sums alone");
    }

    /// <summary>Batch, height, width, inputs, outputs, padding.</summary>
    public static TheoryData<int[]> LargeShapes => new()
    {
        new int[] { 1, 40, 52, 64, 96, 1 },
        new int[] { 7, 21, 17, 66, 67, 1 },  // odd sides, incomplete vectors, the last tiles fewer than a chunk
        new int[] { 1, 48, 47, 72, 64, 0 },
        new int[] { 1, 33, 70, 64, 300, 2 }, // more outputs than a block has
    };

    [Theory]
    [MemberData(nameof(LargeShapes))]
    public void With_weights_as_they_are_it_is_the_convolution_and_its_gradients(int[] extents)
    {
        ConvolutionShape shape = Shape(extents);
        Assert.True(WinogradConvolution.FitsOnce(shape));
        (float[] x, float[] weight, float[] bias, float[] dy) = Values(shape);
        (float[] y, float[] dx, float[] dweight, float[] dbias) = RunAll(shape, x, weight, bias, dy);
        (double[] expectedDx, double[] expectedDweight, double[] expectedDbias) = ConvolutionReference.Backward(shape, x, weight, dy);
        ConvolutionReference.AssertClose(ConvolutionReference.Forward(shape, x, weight, bias), y, "y");
        ConvolutionReference.AssertClose(expectedDx, dx, "dx");
        ConvolutionReference.AssertClose(expectedDweight, dweight, "dweight");
        ConvolutionReference.AssertClose(expectedDbias, dbias, "dbias");
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        ConvolutionShape shape = Shape([1, 40, 52, 64, 96, 1]);
        (float[] x, float[] weight, float[] bias, float[] dy) = Values(shape);
        Workers.ThreadCount = 1;
        float[] one = Run(shape, x, weight, bias, null, Activation.None);
        (float[] Y, float[] Dx, float[] Dweight, float[] Dbias) ones = RunAll(shape, x, weight, bias, dy);
        Workers.ThreadCount = 3;
        KernelTesting.AssertSameBits<float>(one, Run(shape, x, weight, bias, null, Activation.None));
        (float[] Y, float[] Dx, float[] Dweight, float[] Dbias) threes = RunAll(shape, x, weight, bias, dy);
        KernelTesting.AssertSameBits<float>(ones.Y, threes.Y);
        KernelTesting.AssertSameBits<float>(ones.Dx, threes.Dx);
        KernelTesting.AssertSameBits<float>(ones.Dweight, threes.Dweight);
        KernelTesting.AssertSameBits<float>(ones.Dbias, threes.Dbias);
    }

    private static (float[] X, float[] Weight, float[] Bias, float[] Addend) Values(in ConvolutionShape s)
    {
        var random = new System.Random(s.Height);
        return (
            ConvolutionReference.Random(random, s.Batch * s.Height * s.Width * s.InChannels),
            ConvolutionReference.Random(random, s.OutChannels * s.InChannels * 9),
            ConvolutionReference.Random(random, s.OutChannels),
            ConvolutionReference.Random(random, s.Batch * s.OutHeight * s.OutWidth * s.OutChannels));
    }

    private static (float[] Y, float[] Dx, float[] Dweight, float[] Dbias) RunAll(in ConvolutionShape shape, float[] x, float[] weight, float[] bias, float[] dy)
    {
        (float[] y, float[] dx, float[] dweight, float[] dbias) = (new float[dy.Length], new float[x.Length], new float[weight.Length], new float[bias.Length]);
        foreach (float[] result in new[] { y, dx, dweight, dbias })
            Array.Fill(result, float.NaN);
        fixed (float* px = x, pw = weight, pb = bias, pdy = dy, py = y, pdx = dx, pdw = dweight, pdb = dbias)
        {
            Convolution2D.Forward(shape, px, pw, new ConvolutionFinish { Bias = pb }, py);
            Convolution2D.BackwardInput(shape, pw, pdy, pdx);
            Convolution2D.BackwardWeight(shape, px, pdy, pdw, pdb);
        }

        return (y, dx, dweight, dbias);
    }

    private static float[] Run(in ConvolutionShape shape, float[] x, float[] weight, float[]? bias, float[]? addend, Activation activation)
    {
        using var packed = new NativeFloats((int)WinogradConvolution.PackedWeightLength(shape.OutChannels, shape.InChannels));
        using var y = new NativeFloats(shape.Batch * shape.OutHeight * shape.OutWidth * shape.OutChannels);
        y.Span.Fill(float.NaN);
        fixed (float* px = x, pw = weight, pb = bias, pa = addend)
        {
            WinogradConvolution.PackWeight(pw, shape.OutChannels, shape.InChannels, packed.Pointer);
            WinogradConvolution.ForwardPacked(shape, px, packed.Pointer, new ConvolutionFinish { Bias = pb, Addend = pa, Activation = activation }, y.Pointer);
        }

        return y.Span.ToArray();
    }
}
