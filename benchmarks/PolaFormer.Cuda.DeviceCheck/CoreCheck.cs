using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>The element-wise, normalising, reducing and random kernels on the GPU against the processor's.</summary>
internal static class CoreCheck
{
    private const int Images = 3, Height = 20, Width = 14, Channels = 96, Kernels = 32, Size = 5, Rows = Images * Height * Width;
    private const float Eps = 1e-5f;

    public static bool Run(GpuStream stream)
    {
        var philox = new Philox(11, 5);
        float[] values = Normal(philox, Rows * Channels), weights = Normal(new Philox(11, 6), Kernels * Size * Size), biases = Normal(new Philox(11, 7), Channels);
        Tensor x = Tensor.From(values, [Images, Height, Width, Channels]), bias = Tensor.From(biases, [Channels]);
        using GpuMemory input = stream.Upload<float>(values), output = stream.Allocate(values.Length * sizeof(float));
        using GpuMemory weight = stream.Upload<float>(weights), add = stream.Upload<float>(biases);
        using GpuMemory workspace = stream.Allocate(Math.Max(4, ReductionKernels.Workspace(stream, 1, Rows, Channels) * sizeof(float)));
        bool good = true;

        RandomKernels.Uniform(stream, StorageType.Float, philox, output.Address, values.Length);
        float[] uniform = new float[values.Length];
        philox.FillUniform(uniform, 0);
        Compare("uniform numbers", uniform, 0);
        RandomKernels.Normal(stream, StorageType.Float, philox, output.Address, values.Length);
        Compare("normal numbers", values, 2e-6);
        foreach (UnaryFunction function in (UnaryFunction[])[UnaryFunction.Gelu, UnaryFunction.Silu, UnaryFunction.Exp, UnaryFunction.Tanh])
        {
            ElementwiseKernels.Unary(stream, StorageType.Float, function, input.Address, output.Address, values.Length);
            Compare($"{function}", x.Apply(function).ToArray<float>(), 2e-6);
        }

        ElementwiseKernels.Binary(stream, StorageType.Float, BinaryFunction.Multiply, input.Address, add.Address, output.Address, new Walk([Rows, Channels], [Channels, 1], [0, 1]));
        Compare("product", (x * bias).ToArray<float>(), 1e-6);
        NormalizationKernels.LayerNorm(stream, StorageType.Float, StorageType.Float, input.Address, add.Address, 0, Eps, output.Address, 0, 0, Rows, Channels);
        Compare("layer norm", x.LayerNorm(bias, null, Eps).ToArray<float>(), 2e-6);
        NormalizationKernels.Softmax(stream, StorageType.Float, input.Address, output.Address, false, Rows, Channels);
        Compare("softmax", x.Softmax().ToArray<float>(), 2e-6);
        ReductionKernels.Reduce(stream, StorageType.Float, ReduceFunction.Mean, input.Address, output.Address, workspace.Address, 1, Rows, Channels);
        Compare("mean of columns", x.Mean([0, 1, 2]).ToArray<float>(), 1e-5);
        var shape = new ConvolutionShape
        {
            Batch = Images,
            Height = Height,
            Width = Width,
            InChannels = Channels,
            OutChannels = Channels,
            KernelHeight = Size,
            KernelWidth = Size,
            StrideH = 1,
            StrideW = 1,
            PadH = Size / 2,
            PadW = Size / 2,
            DilationH = 1,
            DilationW = 1,
            Groups = Channels,
        };
        DepthwiseKernels.Forward(
            stream, StorageType.Float, new DepthwiseArguments(shape, Kernels) { X = input.Address, Weight = weight.Address, Y = output.Address });
        Compare("depthwise convolution", Tensor.DepthwiseConv2d(x, Tensor.From(weights, [Kernels, 1, Size, Size])).ToArray<float>(), 2e-6);
        return good;

        void Compare(string what, float[] expected, double tolerance)
        {
            float[] actual = new float[expected.Length];
            stream.Read(output.Address, actual.AsSpan());
            double difference = Math.Sqrt(expected.Zip(actual, (e, a) => ((double)e - a) * ((double)e - a)).Sum());
            double error = difference / Math.Sqrt(expected.Sum(e => (double)e * e));
            bool fits = error <= tolerance;
            good &= fits;
            Console.WriteLine($"{(fits ? "ok " : "BAD")} {what}: {error:E1}");
        }
    }

    private static float[] Normal(Philox philox, int count)
    {
        float[] values = new float[count];
        philox.FillNormal(values, 0);
        return values;
    }
}
