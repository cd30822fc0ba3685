using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class Convolution2D
{
    /// <summary>Output pixels that a line has at least: a register tile's rows.</summary>
    private const int LinePixels = 14;

    /// <summary>Floats of the weight matrix that is read once for every line: 128 KiB of the second cache.</summary>
    private const int LineWeights = 1 << 15;

    /// <summary>
    /// Whether a line of outputs is one matrix product whose left side is the image itself: the taps of a kernel row lie side by
    /// side, those of the next row a line further on.
    /// </summary>
    private static bool RunsByLines(in ConvolutionShape shape) =>
        shape is { Groups: 1, DilationH: 1, DilationW: 1 } && shape.OutWidth >= LinePixels
        && (long)Depth(shape) * shape.OutChannels <= LineWeights;

    private static void RunLines(in ConvolutionShape shape, float* x, float* packed, in ConvolutionFinish finish, float* y)
    {
        int lines = shape.Batch * shape.OutHeight;
        int parts = Math.Min(lines, Workers.PartsFor((long)lines * shape.OutWidth * Depth(shape) * shape.OutChannels, Grain));
        Workers.Run(parts, new LinesBody { Shape = shape, X = x, Packed = packed, Finish = finish, Y = y, Lines = lines, Parts = parts });
    }

    /// <summary>A run of output lines.</summary>
    private struct LinesBody : IParallelBody
    {
        public ConvolutionShape Shape;
        public float* X, Packed, Y;
        public ConvolutionFinish Finish;
        public int Lines, Parts;

        // An input line with zeros on both sides, each pixel with an even number of channels.
        private readonly int Channels => EvenChannels(Shape);
        private readonly int RimmedLine => (Shape.Width + (2 * Shape.PadW)) * Channels;

        public readonly void Run(int part)
        {
            bool rims = Shape.PadH > 0 || Shape.PadW > 0 || Channels != Shape.InChannels;
            (int line, int end) = Workers.Range(Lines, Parts, part);
            while (line < end)
            {
                // The lines of one image at a time, so many as share their inputs in the cache.
                (int image, int oy) = Math.DivRem(line, Shape.OutHeight);
                int count = Math.Min(Math.Min(end - line, Shape.OutHeight - oy), 8);
                float* source = X + ((((nint)image * Shape.Height) + (oy * Shape.StrideH)) * Shape.Width * Shape.InChannels);
                if (rims)
                    source = Rimmed(image, (oy * Shape.StrideH) - Shape.PadH, ((count - 1) * Shape.StrideH) + Shape.KernelHeight);
                int width = rims ? RimmedLine : Shape.Width * Shape.InChannels;
                for (int i = 0; i < count; i++)
                    Gemm.RunSerial(Product(source + ((nint)i * Shape.StrideH * width), width, (nint)(line + i) * Shape.OutWidth * Shape.OutChannels));
                line += count;
            }
        }

        private readonly MatrixProduct Product(float* source, int line, nint target) =>
            Finish.At(target).Of(new MatrixProduct(Shape.OutWidth, Shape.OutChannels, Depth(Shape), source, null, Y + target)
            {
                ARow = Shape.StrideW * Channels,
                ASegment = Shape.KernelWidth * Channels,
                ASegmentRow = line,
                PackedB = Packed,
            });

        /// <summary>So many input lines from <paramref name="top"/> on, zeros around them where they leave the image.</summary>
        private readonly float* Rimmed(int image, int top, int count)
        {
            (int channels, int rim) = (Shape.InChannels, Shape.PadW * Channels);
            float* lines = ThreadScratch.Floats(ScratchPurpose.ConvolutionRows, (long)count * RimmedLine);
            for (int i = 0; i < count; i++)
            {
                var target = new Span<float>(lines + ((nint)i * RimmedLine), RimmedLine);
                if ((uint)(top + i) >= (uint)Shape.Height)
                {
                    target.Clear();
                    continue;
                }
                var source = new ReadOnlySpan<float>(X + ((((nint)image * Shape.Height) + top + i) * Shape.Width * channels), Shape.Width * channels);
                target[..rim].Clear();
                if (channels == Channels)
                    source.CopyTo(target[rim..]);
                else
                    Spread(source, target[rim..], channels, Channels);
                target[^rim..].Clear();
            }
            return lines;
        }

        private static void Spread(ReadOnlySpan<float> source, Span<float> target, int channels, int width)
        {
            for (int from = 0, to = 0; from < source.Length; from += channels, to += width)
            {
                for (int c = 0; c < channels; c++)
                    target[to + c] = source[from + c];
                target[to + channels] = 0;
            }
        }
    }
}
