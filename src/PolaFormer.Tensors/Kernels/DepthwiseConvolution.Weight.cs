using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class DepthwiseConvolution
{
    /// <summary>
    /// The gradients of weight and bias, overwritten; <paramref name="dbias"/> (Cw) may be null. Lines are summed in fixed
    /// shares, the shares in their order.
    /// </summary>
    public static void BackwardWeight(in DepthwiseShape shape, float* x, float* dy, float* dweight, float* dbias)
    {
        (int channels, int taps) = (shape.Channels, shape.Taps);
        nint size = (nint)(taps + 1) * channels;
        int parts = Math.Min(shape.Parts, 16);
        float* partials = ThreadScratch.Floats(ScratchPurpose.Depthwise, parts * size);
        Workers.Run(parts, new WeightBody { Shape = shape, Parts = parts, X = x, Dy = dy, Partials = partials, Size = size });
        for (int part = 1; part < parts; part++)
            Elementwise.AddScaled(1, partials + (part * size), 1, partials, size);

        for (int kernel = 0; kernel < shape.WeightChannels; kernel++)
        {
            for (int tap = 0; tap < taps; tap++)
                dweight[((nint)kernel * taps) + tap] = SumOverHeads(shape, partials + ((nint)tap * channels), kernel);
            if (dbias != null)
                dbias[kernel] = SumOverHeads(shape, partials + ((nint)taps * channels), kernel);
        }
    }

    private static float SumOverHeads(in DepthwiseShape shape, float* values, int kernel)
    {
        float sum = 0f;
        for (int c = kernel; c < shape.Channels; c += shape.WeightChannels)
            sum += values[c];
        return sum;
    }

    private struct WeightBody : IParallelBody
    {
        public DepthwiseShape Shape;
        public int Parts;
        public float* X, Dy, Partials;
        public nint Size;

        public readonly void Run(int part)
        {
            float* sums = Partials + (part * Size);
            new Span<float>(sums, checked((int)Size)).Clear();
            (int from, int to) = Workers.Range(Shape.OutLines, Parts, part);
            for (int line = from; line < to; line++)
            {
                if (VectorWidth.Is512)
                    Line<Float32x16>(line, sums);
                else if (VectorWidth.Is256)
                    Line<Float32x8>(line, sums);
                else
                    Line<Float32x4>(line, sums);
            }
        }

        private readonly void Line<T>(int line, float* sums) where T : unmanaged, IFloat32Vector<T>
        {
            nint pixels = (nint)line * Shape.Convolution.Width;
            if (Shape.Mask != null)
                PlainLine<T>(line, Masked<T>(Shape.Convolution.Width, Shape.Channels, X + (pixels * Shape.InputStride), Shape.InputStride, Shape.Mask + pixels) - (pixels * Shape.Channels), Shape.Channels, sums);
            else
                PlainLine<T>(line, X, Shape.InputStride, sums);
        }

        private readonly void PlainLine<T>(int line, float* x, nint xStride, float* sums) where T : unmanaged, IFloat32Vector<T>
        {
            ref readonly ConvolutionShape shape = ref Shape.Convolution;
            (int image, int oy) = Math.DivRem(line, shape.OutHeight);
            int top = (oy * shape.StrideH) - shape.PadH;
            (int fromY, int toY) = TapsInside(top, shape.Height, shape.DilationH, shape.KernelHeight);
            int channels = Shape.Channels;
            for (int ox = 0, count; ox < shape.OutWidth; ox += count)
            {
                int left = (ox * shape.StrideW) - shape.PadW;
                (int fromX, int toX) = TapsInside(left, shape.Width, shape.DilationW, shape.KernelWidth);
                bool inside = ox + Together <= shape.OutWidth && fromX == 0
                    && left + ((Together - 1) * shape.StrideW) + ((shape.KernelWidth - 1) * shape.DilationW) < shape.Width;
                count = inside ? Together : 1;
                var block = new GradientBlock
                {
                    Source = x + ((((nint)((image * shape.Height) + top + (fromY * shape.DilationH)) * shape.Width) + left + (fromX * shape.DilationW)) * xStride),
                    RowStep = (nint)shape.DilationH * shape.Width * xStride,
                    ColumnStep = shape.DilationW * xStride,
                    PixelStep = shape.StrideW * xStride,
                    Rows = toY - fromY,
                    Columns = toX - fromX,
                    Dy = Dy + ((((nint)line * shape.OutWidth) + ox) * channels),
                    Channels = channels,
                    Sums = sums + ((nint)((fromY * shape.KernelWidth) + fromX) * channels),
                    SumsRow = (nint)shape.KernelWidth * channels,
                    BiasSums = sums + ((nint)Shape.Taps * channels),
                };
                int c = 0;
                for (; c <= channels - T.Count; c += T.Count)
                {
                    if (inside)
                        block.Four<T>(c, T.Count);
                    else
                        block.One<T>(c, T.Count);
                }
                if (c < channels && inside)
                    block.Four<T>(c, channels - c);
                else if (c < channels)
                    block.One<T>(c, channels - c);
            }
        }
    }

    /// <summary>Neighbouring output pixels, their gradients, and the sums of the taps under them.</summary>
    private struct GradientBlock
    {
        public float* Source, Dy, Sums, BiasSums;
        public nint RowStep, ColumnStep, PixelStep, SumsRow;
        public int Rows, Columns, Channels;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Four<T>(int c, int count) where T : unmanaged, IFloat32Vector<T>
        {
            (nint step, nint columnStep, nint channels, int columns) = (PixelStep, ColumnStep, (nint)Channels, Columns);
            T dy0 = Load<T>(Dy + c, count), dy1 = Load<T>(Dy + c + channels, count);
            T dy2 = Load<T>(Dy + c + (2 * channels), count), dy3 = Load<T>(Dy + c + (3 * channels), count);
            Store(Load<T>(BiasSums + c, count) + dy0 + dy1 + dy2 + dy3, BiasSums + c, count);
            for (int row = 0; row < Rows; row++)
            {
                float* source = Source + (row * RowStep) + c;
                float* sums = Sums + (row * SumsRow) + c;
                for (int column = 0; column < columns; column++, source += columnStep, sums += channels)
                {
                    T sum = T.MultiplyAdd(Load<T>(source, count), dy0, Load<T>(sums, count));
                    sum = T.MultiplyAdd(Load<T>(source + step, count), dy1, sum);
                    sum = T.MultiplyAdd(Load<T>(source + (2 * step), count), dy2, sum);
                    Store(T.MultiplyAdd(Load<T>(source + (3 * step), count), dy3, sum), sums, count);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void One<T>(int c, int count) where T : unmanaged, IFloat32Vector<T>
        {
            T dy = Load<T>(Dy + c, count);
            Store(Load<T>(BiasSums + c, count) + dy, BiasSums + c, count);
            for (int row = 0; row < Rows; row++)
                for (int column = 0; column < Columns; column++)
                {
                    float* sums = Sums + (row * SumsRow) + ((nint)column * Channels) + c;
                    Store(T.MultiplyAdd(Load<T>(Source + (row * RowStep) + (column * ColumnStep) + c, count), dy, Load<T>(sums, count)), sums, count);
                }
        }
    }
}
