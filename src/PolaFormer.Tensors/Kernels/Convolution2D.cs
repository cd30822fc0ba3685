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

    /// <summary>Multiply-adds worth a task.</summary>
    private const long Grain = 2_000_000;

    /// <summary>y = x ∗ weight + bias; <paramref name="bias"/> (Cout) may be null.</summary>
    public static void Forward(in ConvolutionShape shape, float* x, float* weight, float* bias, float* y)
    {
        var (inputs, outputs, depth) = GroupExtents(shape);
        if (IsPointwise(shape))
        {
            var product = PointwiseProduct(shape, x, weight, y);
            product.Bias = bias;
            if (shape.Groups == 1) Gemm.Run(product);
            else for (var group = 0; group < shape.Groups; group++) Gemm.Run(OfGroup(product, shape, group));
            return;
        }

        var panels = Gemm.PackedBLength(depth, outputs);
        var rows = ThreadScratch.Floats(ScratchPurpose.ConvolutionWeight, (long)outputs * depth + shape.Groups * panels);
        var packed = rows + (nint)outputs * depth;
        for (var group = 0; group < shape.Groups; group++)
        {
            TapsFirst(weight + (nint)group * outputs * depth, outputs, inputs, shape.KernelHeight * shape.KernelWidth, rows);
            Gemm.PackB(rows, 1, depth, depth, outputs, packed + group * (nint)panels);
        }
        var pixels = Pixels(shape);
        var parts = Workers.PartsFor((long)pixels * depth * shape.OutChannels, Grain);
        Workers.Run(parts, new ForwardBody
        {
            Shape = shape,
            X = x,
            Packed = packed,
            Panels = (nint)panels,
            Bias = bias,
            Y = y,
            Pixels = pixels,
            Parts = parts,
        });
    }

    private struct ForwardBody : IParallelBody
    {
        public ConvolutionShape Shape;
        public float* X, Packed, Bias, Y;
        public nint Panels;
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

    private static MatrixProduct PointwiseProduct(in ConvolutionShape shape, float* x, float* weight, float* y)
    {
        var (inputs, outputs, _) = GroupExtents(shape);
        return new MatrixProduct(Pixels(shape), outputs, inputs, x, weight, y)
        {
            ARow = shape.InChannels,
            BRow = 1,
            BCol = inputs,
            CRow = shape.OutChannels,
        };
    }

    private static MatrixProduct OfGroup(in MatrixProduct product, in ConvolutionShape shape, int group)
    {
        var (inputs, outputs, _) = GroupExtents(shape);
        var own = product;
        own.A += group * inputs;
        own.B += (nint)group * outputs * inputs;
        own.C += group * outputs;
        if (own.Bias != null) own.Bias += group * outputs;
        return own;
    }

    /// <summary>(outputs, inputs, taps) to (outputs, taps, inputs).</summary>
    private static void TapsFirst(float* weight, int outputs, int inputs, int taps, float* target)
    {
        for (var output = 0; output < outputs; output++, weight += inputs * taps, target += inputs * taps)
            for (var tap = 0; tap < taps; tap++)
                for (var input = 0; input < inputs; input++)
                    target[tap * inputs + input] = weight[input * taps + tap];
    }
}
