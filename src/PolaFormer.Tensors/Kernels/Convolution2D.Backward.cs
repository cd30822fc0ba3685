using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class Convolution2D
{
    /// <summary>dx = what each input pixel contributed to, weighted with <paramref name="dy"/>. Overwrites dx.</summary>
    public static void BackwardInput(in ConvolutionShape shape, float* weight, float* dy, float* dx)
    {
        (int inputs, int outputs, int depth) = GroupExtents(shape);
        if (IsPointwise(shape))
        {
            for (int group = 0; group < shape.Groups; group++)
                Gemm.Run(new MatrixProduct(Pixels(shape), inputs, outputs, dy + (group * outputs), weight + ((nint)group * outputs * inputs), dx + (group * inputs))
                {
                    ARow = shape.OutChannels,
                    CRow = shape.InChannels,
                });
            return;
        }

        ConvolutionShape mirrored = Mirrored(shape);
        if (shape is { StrideH: 1, StrideW: 1 } && mirrored.PadH >= 0 && mirrored.PadW >= 0 && (RunsByLines(mirrored) || WinogradConvolution.FitsOnce(mirrored)))
        {
            float* flipped = ThreadScratch.Floats(ScratchPurpose.ConvolutionFlipped, (long)outputs * depth);
            Flip(weight, outputs, inputs, shape.KernelHeight * shape.KernelWidth, flipped);
            Forward(mirrored, dy, flipped, new ConvolutionFinish(), dx);
            return;
        }

        long panels = Gemm.PackedBLength(outputs, depth);
        float* rows = ThreadScratch.Floats(ScratchPurpose.ConvolutionWeight, ((long)outputs * depth) + (shape.Groups * panels));
        float* packed = rows + ((nint)outputs * depth);
        for (int group = 0; group < shape.Groups; group++)
        {
            TapsFirst(weight + ((nint)group * outputs * depth), outputs, inputs, shape.KernelHeight * shape.KernelWidth, inputs, rows);
            Gemm.PackB(rows, depth, 1, outputs, depth, packed + (group * (nint)panels));
        }
        // Bands of input lines: each is written by one task, which computes the output lines at its rim once more.
        long work = (long)Pixels(shape) * depth * shape.OutChannels;
        int minimum = (2 * shape.DilationH * (shape.KernelHeight - 1)) + 1;
        int bands = Math.Clamp((Workers.PartsFor(work, Grain) + shape.Batch - 1) / Math.Max(shape.Batch, 1), 1, Math.Max(shape.Height / minimum, 1));
        Workers.Run(shape.Batch * bands, new BackwardInputBody
        {
            Shape = shape,
            Packed = packed,
            Panels = (nint)panels,
            Dy = dy,
            Dx = dx,
            Bands = bands,
        });
    }

    /// <summary>With stride 1 the gradient of the input is the convolution of dy with the flipped kernel, inputs and outputs exchanged.</summary>
    private static ConvolutionShape Mirrored(in ConvolutionShape shape)
    {
        ConvolutionShape mirrored = shape;
        (mirrored.Height, mirrored.Width) = (shape.OutHeight, shape.OutWidth);
        (mirrored.InChannels, mirrored.OutChannels) = (shape.OutChannels, shape.InChannels);
        mirrored.PadH = (shape.DilationH * (shape.KernelHeight - 1)) - shape.PadH;
        mirrored.PadW = (shape.DilationW * (shape.KernelWidth - 1)) - shape.PadW;
        return mirrored;
    }

    /// <summary>(outputs, inputs, taps) to (inputs, outputs, taps in reverse).</summary>
    private static void Flip(float* weight, int outputs, int inputs, int taps, float* target)
    {
        for (nint output = 0; output < outputs; output++)
            for (nint input = 0; input < inputs; input++, weight += taps)
                for (int tap = 0; tap < taps; tap++)
                    target[(((input * outputs) + output) * taps) + tap] = weight[taps - 1 - tap];
    }

    private struct BackwardInputBody : IParallelBody
    {
        public ConvolutionShape Shape;
        public float* Packed, Dy, Dx;
        public nint Panels;
        public int Bands;

        public readonly void Run(int part)
        {
            (_, int outputs, int depth) = GroupExtents(Shape);
            (int image, int band) = Math.DivRem(part, Bands);
            (int fromLine, int toLine) = Workers.Range(Shape.Height, Bands, band);
            nint line = (nint)Shape.Width * Shape.InChannels;
            float* dx = Dx + (image * Shape.Height * line);
            for (int y = fromLine; y < toLine; y++)
                new Span<float>(dx + (y * line), (int)line).Clear();

            int reach = Shape.DilationH * (Shape.KernelHeight - 1);
            int first = Math.Max((fromLine + Shape.PadH - reach + Shape.StrideH - 1) / Shape.StrideH, 0);
            int last = Math.Min((toLine - 1 + Shape.PadH) / Shape.StrideH, Shape.OutHeight - 1);
            float* rows = ThreadScratch.Floats(ScratchPurpose.Convolution, (long)Shape.OutWidth * depth);
            for (int oy = first; oy <= last; oy++)
                for (int group = 0; group < Shape.Groups; group++)
                {
                    float* dy = Dy + ((nint)((image * Shape.OutHeight) + oy) * Shape.OutWidth * Shape.OutChannels) + (group * outputs);
                    Gemm.RunSerial(new MatrixProduct(Shape.OutWidth, depth, outputs, dy, null, rows)
                    {
                        ARow = Shape.OutChannels,
                        PackedB = Packed + (group * Panels),
                    });
                    ScatterAdd(Shape, rows, group, oy, dx, fromLine, toLine);
                }
        }
    }

    /// <summary>The correlation of x with dy in the layout of the weight, and Σ dy over all pixels unless <paramref name="dbias"/> is null. Overwrites both.</summary>
    public static void BackwardWeight(in ConvolutionShape shape, float* x, float* dy, float* dweight, float* dbias)
    {
        (int inputs, int outputs, int depth) = GroupExtents(shape);
        int pixels = Pixels(shape);
        if (IsPointwise(shape))
        {
            for (int group = 0; group < shape.Groups; group++)
                Gemm.Correlate(
                    dy + (group * outputs), shape.OutChannels, outputs, x + (group * inputs), shape.InChannels, inputs, pixels,
                    dweight + ((nint)group * outputs * inputs), dbias == null ? null : dbias + (group * outputs), accumulate: false);
            return;
        }

        if (WinogradConvolution.FitsOnce(shape))
        {
            WinogradConvolution.BackwardWeight(shape, x, dy, dweight);
            if (dbias != null)
                BackwardBias(shape, dy, dbias);
            return;
        }

        // Each part sums a fixed share of the pixels into matrices of its own; the parts are added in their order.
        nint size = (nint)shape.OutChannels * (depth + 1);
        nint most = Math.Max(4_000_000 / Math.Max(size, 1), 1);
        int parts = (int)Math.Min(Workers.PartsFor((long)pixels * size, 2 * Grain), Math.Min(most, 16));
        float* partials = ThreadScratch.Floats(ScratchPurpose.ConvolutionWeight, parts * size);
        Workers.Run(parts, new BackwardWeightBody { Shape = shape, X = x, Dy = dy, Partials = partials, Size = size, Pixels = pixels, Parts = parts });
        if (parts > 1)
            Reduction.SumParts(partials + size, parts - 1, size, partials, size, accumulate: true);

        if (dbias != null)
            new Span<float>(partials + ((nint)shape.OutChannels * depth), shape.OutChannels).CopyTo(new Span<float>(dbias, shape.OutChannels));
        int taps = shape.KernelHeight * shape.KernelWidth;
        for (int output = 0; output < shape.OutChannels; output++)
            for (int input = 0; input < inputs; input++)
                for (int tap = 0; tap < taps; tap++)
                    dweight[((((nint)output * inputs) + input) * taps) + tap] = partials[((((nint)output * taps) + tap) * inputs) + input];
    }

    private struct BackwardWeightBody : IParallelBody
    {
        public ConvolutionShape Shape;
        public float* X, Dy, Partials;
        public nint Size;
        public int Pixels, Parts;

        public readonly void Run(int part)
        {
            (_, int outputs, int depth) = GroupExtents(Shape);
            int block = BlockPixels(depth);
            float* gathered = ThreadScratch.Floats(ScratchPurpose.Convolution, (long)block * depth);
            float* matrices = Partials + (part * Size);
            float* sums = matrices + ((nint)Shape.OutChannels * depth);
            (int from, int to) = Workers.Range(Pixels, Parts, part);
            if (from == to)
                new Span<float>(matrices, checked((int)Size)).Clear();
            for (int pixel = from; pixel < to; pixel += block)
                for (int group = 0; group < Shape.Groups; group++)
                {
                    int count = Math.Min(block, to - pixel);
                    Gather(Shape, X, group, pixel, count, gathered, Shape.InChannels / Shape.Groups);
                    Gemm.CorrelateSerial(
                        Dy + ((nint)pixel * Shape.OutChannels) + (group * outputs), Shape.OutChannels, outputs, gathered, depth, depth, count,
                        matrices + ((nint)group * outputs * depth), depth, sums + (group * outputs), accumulate: pixel > from);
                }
        }
    }

    /// <summary>Σ dy over all pixels, per output channel. Overwrites dbias.</summary>
    public static void BackwardBias(in ConvolutionShape shape, float* dy, float* dbias) =>
        Reduction.Sum(dy, 1, Pixels(shape), shape.OutChannels, dbias);
}
