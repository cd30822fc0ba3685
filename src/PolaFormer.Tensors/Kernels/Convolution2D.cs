using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// 2-D convolution of channels-last images: x (B, H, W, Cin), weight (Cout, Cin / groups, kh, kw), y (B, oh, ow, Cout).
/// The weights are laid out as a matrix (kh, kw, Cin / groups) × Cout. Wide images are read line by line as they lie, or from
/// lines with a rim of zeros (see Convolution2D.Lines); of others the pixels under the kernel are gathered into rows of a
/// matrix, a block that stays in the cache at a time.
/// </summary>
internal static unsafe partial class Convolution2D
{
    /// <summary>Floats of gathered rows that one task holds: 256 KiB.</summary>
    private const int GatheredFloats = 1 << 16;

    /// <summary>Floats of rows that are gathered all at once, so that the product can be cut across the outputs too: 1 MiB.</summary>
    private const int WholeFloats = 1 << 18;

    /// <summary>Multiply-adds worth a task.</summary>
    private const long Grain = 2_000_000;

    /// <summary>y = act(x ∗ weight + bias + addend).</summary>
    public static void Forward(in ConvolutionShape shape, float* x, float* weight, in ConvolutionFinish finish, float* y)
    {
        if (shape.Groups == 1 && IsPointwise(shape))
        {
            Gemm.Run(finish.Of(PointwiseProduct(shape, x, weight, y)));
            return;
        }
        if (WinogradConvolution.FitsOnce(shape))
        {
            WinogradConvolution.Forward(shape, x, weight, finish, y);
            return;
        }
        (int inputs, int outputs) = (shape.InChannels / shape.Groups, shape.OutChannels);
        float* packed = ThreadScratch.Floats(ScratchPurpose.ConvolutionWeight, PackedWeightLength(outputs, inputs, shape.KernelHeight, shape.KernelWidth, shape.Groups));
        PackWeight(weight, outputs, inputs, shape.KernelHeight, shape.KernelWidth, shape.Groups, packed);
        ForwardPacked(shape, x, packed, finish, y);
    }

    /// <summary>Floats that <see cref="PackWeight"/> writes.</summary>
    public static long PackedWeightLength(int outputs, int inputs, int kernelHeight, int kernelWidth, int groups) =>
        groups * Gemm.PackedBLength(Depth(inputs, kernelHeight, kernelWidth), outputs / groups);

    /// <summary>
    /// Lays a weight (outputs, inputs, kernel height, kernel width) out for <see cref="ForwardPacked"/>: for each group a packed
    /// matrix (kh, kw, inputs) × outputs. With one tap that is the packed transpose of a linear layer's weight.
    /// </summary>
    public static void PackWeight(float* weight, int outputs, int inputs, int kernelHeight, int kernelWidth, int groups, float* packed)
    {
        (int taps, int own, int depth) = (kernelHeight * kernelWidth, outputs / groups, Depth(inputs, kernelHeight, kernelWidth));
        float* rows = taps == 1 ? null : ThreadScratch.Floats(ScratchPurpose.Convolution, (long)own * depth);
        for (int group = 0; group < groups; group++, weight += (nint)own * inputs * taps, packed += (nint)Gemm.PackedBLength(depth, own))
        {
            if (taps > 1)
                TapsFirst(weight, own, inputs, taps, depth / taps, rows);
            Gemm.PackB(taps == 1 ? weight : rows, 1, depth, depth, own, packed, Segment(depth, kernelHeight, kernelWidth));
        }
    }

    /// <summary>Channels of the matrix's taps: one more, always 0, where rows of the kernel would otherwise be odd.</summary>
    private static int EvenChannels(int inputs, int kernelHeight, int kernelWidth) =>
        inputs * kernelWidth % 2 == 0 || kernelHeight * kernelWidth == 1 ? inputs : inputs + 1;

    /// <inheritdoc cref="EvenChannels(int, int, int)"/>
    private static int EvenChannels(in ConvolutionShape shape) => EvenChannels(shape.InChannels / shape.Groups, shape.KernelHeight, shape.KernelWidth);

    private static int Depth(int inputs, int kernelHeight, int kernelWidth) =>
        checked(EvenChannels(inputs, kernelHeight, kernelWidth) * kernelHeight * kernelWidth);

    private static int Depth(in ConvolutionShape shape) => Depth(shape.InChannels / shape.Groups, shape.KernelHeight, shape.KernelWidth);

    /// <summary>The part of k that one row of the kernel covers; 0 for a single tap.</summary>
    private static int Segment(int depth, int kernelHeight, int kernelWidth) => kernelHeight * kernelWidth == 1 ? 0 : depth / kernelHeight;

    /// <summary>The product of gathered rows and the weights of one group.</summary>
    private static MatrixProduct RowsProduct(in ConvolutionShape shape, int count, float* rows, float* packed, in ConvolutionFinish finish, float* y)
    {
        int depth = Depth(shape);
        int segment = Segment(depth, shape.KernelHeight, shape.KernelWidth);
        return finish.Of(new MatrixProduct(count, shape.OutChannels / shape.Groups, depth, rows, null, y)
        {
            ASegment = segment,
            ASegmentRow = segment,
            PackedB = packed,
            CRow = shape.OutChannels,
        });
    }

    /// <summary>As <see cref="Forward"/>, with a weight that <see cref="PackWeight"/> has laid out.</summary>
    public static void ForwardPacked(in ConvolutionShape shape, float* x, float* packed, in ConvolutionFinish finish, float* y)
    {
        if (shape.Groups == 1 && IsPointwise(shape))
        {
            Gemm.Run(finish.Of(PointwiseProduct(shape, x, null, y) with { PackedB = packed }));
            return;
        }
        if (RunsByLines(shape))
        {
            RunLines(shape, x, packed, finish, y);
            return;
        }
        int depth = Depth(shape);
        int pixels = Pixels(shape);
        if (shape.Groups == 1 && (long)pixels * depth <= WholeFloats)
        {
            float* rows = ThreadScratch.Floats(ScratchPurpose.ConvolutionRows, (long)pixels * depth);
            int gathers = Workers.PartsFor((long)pixels * depth, 1 << 15);
            Workers.Run(gathers, new GatherBody { Shape = shape, X = x, Pixels = pixels, Rows = rows, Parts = gathers });
            Gemm.Run(RowsProduct(shape, pixels, rows, packed, finish, y));
            return;
        }
        int parts = Workers.PartsFor((long)pixels * depth * shape.OutChannels, Grain);
        Workers.Run(parts, new ForwardBody
        {
            Shape = shape,
            X = x,
            Packed = packed,
            Panels = (nint)Gemm.PackedBLength(depth, shape.OutChannels / shape.Groups),
            Finish = finish,
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
            int depth = Depth(Shape);
            (int from, int to) = Workers.Range(Pixels, Parts, part);
            Gather(Shape, X, 0, from, to - from, Rows + ((nint)from * depth), EvenChannels(Shape));
        }
    }

    private struct ForwardBody : IParallelBody
    {
        public ConvolutionShape Shape;
        public float* X, Packed, Y;
        public nint Panels;
        public ConvolutionFinish Finish;
        public int Pixels, Parts;

        public readonly void Run(int part)
        {
            (int outputs, int depth) = (Shape.OutChannels / Shape.Groups, Depth(Shape));
            int block = BlockPixels(depth);
            float* gathered = ThreadScratch.Floats(ScratchPurpose.Convolution, (long)block * depth);
            (int from, int to) = Workers.Range(Pixels, Parts, part);
            for (int pixel = from; pixel < to; pixel += block)
                for (int group = 0; group < Shape.Groups; group++)
                {
                    int count = Math.Min(block, to - pixel);
                    Gather(Shape, X, group, pixel, count, gathered, EvenChannels(Shape));
                    nint at = (nint)pixel * Shape.OutChannels;
                    Gemm.RunSerial(RowsProduct(Shape, count, gathered, Packed + (group * Panels), Finish.At(at, group * outputs), Y + at + (group * outputs)));
                }
        }
    }

    /// <summary>Input channels, output channels and matrix depth of one group.</summary>
    private static (int Inputs, int Outputs, int Depth) GroupExtents(in ConvolutionShape shape)
    {
        int inputs = shape.InChannels / shape.Groups;
        return (inputs, shape.OutChannels / shape.Groups, checked(inputs * shape.KernelHeight * shape.KernelWidth));
    }

    private static int Pixels(in ConvolutionShape shape) => checked(shape.Batch * shape.OutHeight * shape.OutWidth);

    private static int BlockPixels(int depth) => Math.Clamp(GatheredFloats / Math.Max(depth, 1), 24, 1024);

    /// <summary>A 1×1 kernel that visits every pixel: the images are the matrix already.</summary>
    private static bool IsPointwise(in ConvolutionShape shape) =>
        shape is { KernelHeight: 1, KernelWidth: 1, StrideH: 1, StrideW: 1, PadH: 0, PadW: 0 };

    private static MatrixProduct PointwiseProduct(in ConvolutionShape shape, float* x, float* weight, float* y) =>
        new(Pixels(shape), shape.OutChannels, shape.InChannels, x, weight, y) { BRow = 1, BCol = shape.InChannels };

    /// <summary>(outputs, inputs, taps) to (outputs, taps, <paramref name="width"/>), zeros behind the inputs.</summary>
    private static void TapsFirst(float* weight, int outputs, int inputs, int taps, int width, float* target)
    {
        for (int output = 0; output < outputs; output++, weight += inputs * taps)
            for (int tap = 0; tap < taps; tap++, target += width)
            {
                for (int input = 0; input < inputs; input++)
                    target[input] = weight[(input * taps) + tap];
                for (int input = inputs; input < width; input++)
                    target[input] = 0;
            }
    }
}
