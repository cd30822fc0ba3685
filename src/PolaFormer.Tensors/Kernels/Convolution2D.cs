using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// 2-D convolution of channels-last images: x (B, H, W, Cin), weight (Cout, Cin / groups, kh, kw), y (B, oh, ow, Cout).
/// The pixels under the kernel are gathered into rows of a matrix, a block that stays in the cache at a time, and
/// multiplied with the weights laid out (kh, kw, Cin / groups) × Cout.
/// </summary>
internal static unsafe partial class Convolution2D
{
    /// <summary>Floats of gathered rows that one task holds: 256 KiB.</summary>
    private const int GatheredFloats = 1 << 16;

    /// <summary>Floats of rows that are gathered all at once, so that the product can be cut across the outputs too: 1 MiB.</summary>
    private const int WholeFloats = 1 << 18;

    /// <summary>Multiply-adds worth a task.</summary>
    private const long Grain = 2_000_000;

    /// <summary>y = act(x ∗ weight + bias); <paramref name="bias"/> (Cout) may be null.</summary>
    public static void Forward(in ConvolutionShape shape, float* x, float* weight, float* bias, Activation activation, float* y)
    {
        if (shape.Groups == 1 && IsPointwise(shape))
        {
            Gemm.Run(PointwiseProduct(shape, x, weight, y) with { Bias = bias, Activation = activation });
            return;
        }
        var (inputs, outputs, taps) = (shape.InChannels / shape.Groups, shape.OutChannels, shape.KernelHeight * shape.KernelWidth);
        var packed = ThreadScratch.Floats(ScratchPurpose.ConvolutionWeight, PackedWeightLength(outputs, inputs, taps, shape.Groups));
        PackWeight(weight, outputs, inputs, taps, shape.Groups, packed);
        ForwardPacked(shape, x, packed, bias, activation, y);
    }

    /// <summary>Floats that <see cref="PackWeight"/> writes.</summary>
    public static long PackedWeightLength(int outputs, int inputs, int taps, int groups) =>
        groups * Gemm.PackedBLength(checked(inputs * taps), outputs / groups);

    /// <summary>
    /// Lays a weight (outputs, inputs, taps) out for <see cref="ForwardPacked"/>: for each group a packed matrix (taps, inputs)
    /// × outputs. With one tap that is the packed transpose of a linear layer's weight.
    /// </summary>
    public static void PackWeight(float* weight, int outputs, int inputs, int taps, int groups, float* packed)
    {
        var (depth, own) = (inputs * taps, outputs / groups);
        var rows = taps == 1 ? null : ThreadScratch.Floats(ScratchPurpose.Convolution, (long)own * depth);
        for (var group = 0; group < groups; group++, weight += (nint)own * depth, packed += (nint)Gemm.PackedBLength(depth, own))
        {
            if (taps > 1) TapsFirst(weight, own, inputs, taps, rows);
            Gemm.PackB(taps == 1 ? weight : rows, 1, depth, depth, own, packed);
        }
    }

    /// <summary>As <see cref="Forward"/>, with a weight that <see cref="PackWeight"/> has laid out.</summary>
    public static void ForwardPacked(in ConvolutionShape shape, float* x, float* packed, float* bias, Activation activation, float* y)
    {
        var (_, outputs, depth) = GroupExtents(shape);
        if (shape.Groups == 1 && IsPointwise(shape))
        {
            Gemm.Run(PointwiseProduct(shape, x, null, y) with { PackedB = packed, Bias = bias, Activation = activation });
            return;
        }
        var pixels = Pixels(shape);
        if (shape.Groups == 1 && (long)pixels * depth <= WholeFloats)
        {
            var rows = ThreadScratch.Floats(ScratchPurpose.ConvolutionRows, (long)pixels * depth);
            var gathers = Workers.PartsFor((long)pixels * depth, 1 << 15);
            Workers.Run(gathers, new GatherBody { Shape = shape, X = x, Pixels = pixels, Rows = rows, Parts = gathers });
            Gemm.Run(new MatrixProduct(pixels, outputs, depth, rows, null, y) { PackedB = packed, Bias = bias, Activation = activation });
            return;
        }
        var parts = Workers.PartsFor((long)pixels * depth * shape.OutChannels, Grain);
        Workers.Run(parts, new ForwardBody
        {
            Shape = shape,
            X = x,
            Packed = packed,
            Panels = (nint)Gemm.PackedBLength(depth, outputs),
            Bias = bias,
            Activation = activation,
            Y = y,
            Pixels = pixels,
            Parts = parts,
        });
    }

    private struct GatherBody : IParallelBody
    {
        public ConvolutionShape Shape;
        public float* X, Rows;
        public int Pixels, Parts;

        public readonly void Run(int part)
        {
            var (_, _, depth) = GroupExtents(Shape);
            var (from, to) = Workers.Range(Pixels, Parts, part);
            Gather(Shape, X, 0, from, to - from, Rows + (nint)from * depth);
        }
    }

    private struct ForwardBody : IParallelBody
    {
        public ConvolutionShape Shape;
        public float* X, Packed, Bias, Y;
        public nint Panels;
        public Activation Activation;
        public int Pixels, Parts;

        public readonly void Run(int part)
        {
            var (_, outputs, depth) = GroupExtents(Shape);
            var block = BlockPixels(depth);
            var gathered = ThreadScratch.Floats(ScratchPurpose.Convolution, (long)block * depth);
            var (from, to) = Workers.Range(Pixels, Parts, part);
            for (var pixel = from; pixel < to; pixel += block)
                for (var group = 0; group < Shape.Groups; group++)
                {
                    var count = Math.Min(block, to - pixel);
                    Gather(Shape, X, group, pixel, count, gathered);
                    Gemm.RunSerial(new MatrixProduct(count, outputs, depth, gathered, null, Y + (nint)pixel * Shape.OutChannels + group * outputs)
                    {
                        PackedB = Packed + group * Panels,
                        CRow = Shape.OutChannels,
                        Bias = Bias == null ? null : Bias + group * outputs,
                        Activation = Activation,
                    });
                }
        }
    }

    /// <summary>Input channels, output channels and matrix depth of one group.</summary>
    private static (int Inputs, int Outputs, int Depth) GroupExtents(in ConvolutionShape shape)
    {
        var inputs = shape.InChannels / shape.Groups;
        return (inputs, shape.OutChannels / shape.Groups, checked(inputs * shape.KernelHeight * shape.KernelWidth));
    }

    private static int Pixels(in ConvolutionShape shape) => checked(shape.Batch * shape.OutHeight * shape.OutWidth);

    private static int BlockPixels(int depth) => Math.Clamp(GatheredFloats / Math.Max(depth, 1), 24, 1024);

    /// <summary>A 1×1 kernel that visits every pixel: the images are the matrix already.</summary>
    private static bool IsPointwise(in ConvolutionShape shape) =>
        shape is { KernelHeight: 1, KernelWidth: 1, StrideH: 1, StrideW: 1, PadH: 0, PadW: 0 };

    private static MatrixProduct PointwiseProduct(in ConvolutionShape shape, float* x, float* weight, float* y) =>
        new(Pixels(shape), shape.OutChannels, shape.InChannels, x, weight, y) { BRow = 1, BCol = shape.InChannels };

    /// <summary>(outputs, inputs, taps) to (outputs, taps, inputs).</summary>
    private static void TapsFirst(float* weight, int outputs, int inputs, int taps, float* target)
    {
        for (var output = 0; output < outputs; output++, weight += inputs * taps, target += inputs * taps)
            for (var tap = 0; tap < taps; tap++)
                for (var input = 0; input < inputs; input++)
                    target[tap * inputs + input] = weight[input * taps + tap];
    }
}
