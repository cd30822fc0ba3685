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

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        ConvolutionShape shape = Shape([1, 40, 52, 64, 96, 1]);
        (float[] x, float[] weight, float[] bias, _) = Values(shape);
        Workers.ThreadCount = 1;
        float[] one = Run(shape, x, weight, bias, null, Activation.None);
        Workers.ThreadCount = 3;
        KernelTesting.AssertSameBits<float>(one, Run(shape, x, weight, bias, null, Activation.None));
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

    private static float[] Run(in ConvolutionShape shape, float[] x, float[] weight, float[]? bias, float[]? addend, Activation activation)
    {
        using var packed = new NativeFloats((int)WinogradConvolution.PackedWeightLength(shape.OutChannels, shape.InChannels));
        using var y = new NativeFloats(shape.Batch * shape.OutHeight * shape.OutWidth * shape.OutChannels);
        y.Span.Fill(float.NaN);
        fixed (float* px = x, pw = weight, pb = bias, pa = addend)
        {
            WinogradConvolution.PackWeight(pw, shape.OutChannels, shape.InChannels, packed.Pointer);
            WinogradConvolution.Forward(shape, px, packed.Pointer, new ConvolutionFinish { Bias = pb, Addend = pa, Activation = activation }, y.Pointer);
        }

        return y.Span.ToArray();
    }
}
