using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Depthwise convolution of channels-last images, vectors running along the channels: x (B, H, W, C) with a stride between
/// pixels, weight (Cw, 1, kh, kw), y (B, oh, ow, C) contiguous. Four neighbouring pixels are computed together and share
/// the loads of the weights.
/// </summary>
internal static unsafe partial class DepthwiseConvolution
{
    /// <summary>Pixels computed together.</summary>
    private const int Together = 4;

    /// <summary>
    /// y = x ∗ weight + bias, then <paramref name="finish"/>; <paramref name="bias"/> (Cw) may be null. Adding x needs
    /// an output as large as the input. With <paramref name="tapsFirst"/> the weight is (kh, kw, Cw).
    /// </summary>
    public static void Forward(in DepthwiseShape shape, float* x, float* weight, bool tapsFirst, float* bias, in DepthwiseFinish finish, float* y)
    {
        (int channels, int taps) = (shape.Channels, shape.Taps);
        float* packed = ThreadScratch.Floats(ScratchPurpose.Depthwise, (long)(taps + 1) * channels);
        if (tapsFirst)
            Repeat(weight, shape.WeightChannels, taps, packed, channels);
        else
            PackWeight(shape, weight, packed, flip: false);
        float* packedBias = packed + ((nint)taps * channels);
        if (bias == null)
            new Span<float>(packedBias, channels).Clear();
        else
            Repeat(bias, shape.WeightChannels, 1, packedBias, channels);
        Run(new LineBody
        {
            Shape = shape.Convolution,
            Parts = shape.Parts,
            Lines = shape.OutLines,
            Finish = finish,
            X = x,
            Weight = packed,
            Bias = packedBias,
            Y = y,
            XStride = shape.InputStride,
            YStride = channels,
            InputMask = shape.Mask,
        });
    }

    /// <summary>dx = what each input pixel contributed to, weighted with <paramref name="dy"/> (+ dy where the forward added x). Overwrites dx.</summary>
    public static void BackwardInput(in DepthwiseShape shape, float* weight, float* dy, bool addInput, float* dx)
    {
        (int channels, int taps) = (shape.Channels, shape.Taps);
        float* packed = ThreadScratch.Floats(ScratchPurpose.Depthwise, (long)(taps + 1) * channels);
        ref readonly ConvolutionShape forward = ref shape.Convolution;
        if (forward.StrideH != 1 || forward.StrideW != 1)
        {
            PackWeight(shape, weight, packed, flip: false);
            Workers.Run(shape.Parts, new StridedInputBody { Shape = shape, Weight = packed, Dy = dy, Dx = dx });
            return;
        }

        // With stride 1 this is the convolution of dy with the flipped kernel.
        PackWeight(shape, weight, packed, flip: true);
        float* packedBias = packed + ((nint)taps * channels);
        new Span<float>(packedBias, channels).Clear();
        ConvolutionShape backward = forward;
        (backward.Height, backward.Width) = (forward.OutHeight, forward.OutWidth);
        backward.PadH = (forward.DilationH * (forward.KernelHeight - 1)) - forward.PadH;
        backward.PadW = (forward.DilationW * (forward.KernelWidth - 1)) - forward.PadW;
        Run(new LineBody
        {
            Shape = backward,
            Parts = shape.Parts,
            Lines = shape.InLines,
            Finish = new DepthwiseFinish { AddsInput = addInput },
            X = dy,
            Weight = packed,
            Bias = packedBias,
            Y = dx,
            XStride = channels,
            YStride = shape.InputStride,
            OutputMask = shape.Mask,
        });
    }

    /// <summary>(Cw, 1, kh, kw) to (kh, kw, C), repeated where channels share kernels; flipped in both directions where given.</summary>
    private static void PackWeight(in DepthwiseShape shape, float* weight, float* packed, bool flip)
    {
        (int channels, int taps) = (shape.Channels, shape.Taps);
        for (int tap = 0; tap < taps; tap++, packed += channels)
        {
            for (int c = 0; c < shape.WeightChannels; c++)
                packed[c] = weight[((nint)c * taps) + (flip ? taps - 1 - tap : tap)];
            Repeat(packed, shape.WeightChannels, 1, packed, channels);
        }
    }

    /// <summary>Rows of <paramref name="width"/> floats to rows of <paramref name="channels"/>, repeated to fill them; in place for one row.</summary>
    private static void Repeat(float* source, int width, int rows, float* target, int channels)
    {
        for (int row = 0; row < rows; row++, source += width, target += channels)
            for (int c = source == target ? width : 0; c < channels; c += width)
                new Span<float>(source, width).CopyTo(new Span<float>(target + c, width));
    }

    /// <summary>(Cw, 1, kh, kw) to (kh, kw, Cw).</summary>
    public static void TapsFirst(float* weight, int channels, int taps, float* target)
    {
        for (int tap = 0; tap < taps; tap++)
            for (int c = 0; c < channels; c++)
                *target++ = weight[((nint)c * taps) + tap];
    }

    private static void Run(in LineBody body) => Workers.Run(body.Parts, body);

    /// <summary>A run of output lines.</summary>
    private struct LineBody : IParallelBody
    {
        public ConvolutionShape Shape;
        public int Parts, Lines;
        public DepthwiseFinish Finish;
        public float* X, Weight, Bias, Y, InputMask, OutputMask;
        public nint XStride, YStride;

        public readonly void Run(int part)
        {
            (int from, int to) = Workers.Range(Lines, Parts, part);
            for (int line = from; line < to; line++)
            {
                if (VectorWidth.Is512)
                    Line<Float32x16>(line);
                else if (VectorWidth.Is256)
                    Line<Float32x8>(line);
                else
                    Line<Float32x4>(line);
            }
        }

        /// <summary>A line, with the factors of its pixels where there are such.</summary>
        private readonly void Line<T>(int line) where T : unmanaged, IFloat32Vector<T>
        {
            nint pixels = (nint)line * Shape.Width;
            if (InputMask != null)
                PlainLine<T>(line, Masked<T>(Shape.Width, Shape.InChannels, X + (pixels * XStride), XStride, InputMask + pixels) - (pixels * Shape.InChannels), Shape.InChannels);
            else
                PlainLine<T>(line, X, XStride);
            if (OutputMask != null)
                Multiply<T>(Shape.Width, Shape.InChannels, Y + (pixels * YStride), YStride, OutputMask + pixels, Y + (pixels * YStride), YStride);
        }

        private readonly void PlainLine<T>(int line, float* x, nint xStride) where T : unmanaged, IFloat32Vector<T>
        {
            (int image, int oy) = Math.DivRem(line, Shape.OutHeight);
            int top = (oy * Shape.StrideH) - Shape.PadH;
            (int fromY, int toY) = TapsInside(top, Shape.Height, Shape.DilationH, Shape.KernelHeight);
            int columns = Shape.OutWidth;
            for (int ox = 0, count; ox < columns; ox += count)
            {
                int left = (ox * Shape.StrideW) - Shape.PadW;
                (int fromX, int toX) = TapsInside(left, Shape.Width, Shape.DilationW, Shape.KernelWidth);
                // Inside the image as far as the last of four pixels, all taps of all four exist.
                count = ox + Together <= columns && fromX == 0
                    && left + ((Together - 1) * Shape.StrideW) + ((Shape.KernelWidth - 1) * Shape.DilationW) < Shape.Width ? Together : 1;
                var pixels = new Pixels
                {
                    Source = x + ((((nint)((image * Shape.Height) + top + (fromY * Shape.DilationH)) * Shape.Width) + left + (fromX * Shape.DilationW)) * xStride),
                    RowStep = (nint)Shape.DilationH * Shape.Width * xStride,
                    ColumnStep = Shape.DilationW * xStride,
                    PixelStep = Shape.StrideW * xStride,
                    Rows = toY - fromY,
                    Columns = toX - fromX,
                    Weight = Weight + ((nint)((fromY * Shape.KernelWidth) + fromX) * Shape.InChannels),
                    WeightRow = (nint)Shape.KernelWidth * Shape.InChannels,
                    Channels = Shape.InChannels,
                    Bias = Bias,
                    Own = Finish.AddsInput ? x + ((((nint)line * columns) + ox) * xStride) : null,
                    OwnStep = xStride,
                    Addend = Finish.Addend == null ? null : Finish.Addend + ((((nint)line * columns) + ox) * YStride),
                    Sum = Finish.Sum == null ? null : Finish.Sum + ((((nint)line * columns) + ox) * YStride),
                    Gate = Finish.Gate == null ? null : Finish.Gate + ((((nint)line * columns) + ox) * Finish.GateStride),
                    GateStep = Finish.GateStride,
                    Target = Y + ((((nint)line * columns) + ox) * YStride),
                    TargetStep = YStride,
                };
                if (count == Together)
                    pixels.Four<T>();
                else
                    pixels.One<T>();
            }
        }
    }

    /// <summary>The taps, the first at <paramref name="start"/> and so many apart, that lie in 0 … extent − 1.</summary>
    private static (int From, int To) TapsInside(int start, int extent, int dilation, int taps)
    {
        int from = start >= 0 ? 0 : Math.Min((-start + dilation - 1) / dilation, taps);
        int to = start >= extent ? from : Math.Clamp((extent - start + dilation - 1) / dilation, from, taps);
        return (from, to);
    }

    /// <summary>Neighbouring output pixels and the taps under them, all inside the image.</summary>
    private struct Pixels
    {
        public float* Source, Weight, Bias, Own, Addend, Sum, Gate, Target;
        public nint RowStep, ColumnStep, PixelStep, WeightRow, OwnStep, GateStep, TargetStep;
        public int Rows, Columns, Channels;

        // Neighbours share inputs where pixels are as far apart as taps.
        public readonly void Four<T>() where T : unmanaged, IFloat32Vector<T>
        {
            int taps = PixelStep == ColumnStep ? Columns : 0, c = 0;
            for (; c <= Channels - T.Count; c += T.Count)
            {
                if (taps == 3)
                    FourByThree<T>(c, T.Count);
                else if (taps == 5)
                    FourByFive<T>(c, T.Count);
                else
                    Four<T>(c, T.Count);
            }

            if (c < Channels)
                Four<T>(c, Channels - c);
        }

        public readonly void One<T>() where T : unmanaged, IFloat32Vector<T>
        {
            int c = 0;
            for (; c <= Channels - T.Count; c += T.Count)
                One<T>(c, T.Count);
            if (c < Channels)
                One<T>(c, Channels - c);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Four<T>(int c, int count) where T : unmanaged, IFloat32Vector<T>
        {
            (nint step, int channels, nint columnStep, int columns) = (PixelStep, Channels, ColumnStep, Columns);
            T sum0 = Load<T>(Bias + c, count), sum1 = sum0, sum2 = sum0, sum3 = sum0;
            for (int row = 0; row < Rows; row++)
            {
                float* source = Source + (row * RowStep) + c;
                float* weight = Weight + (row * WeightRow) + c;
                for (int column = 0; column < columns; column++, source += columnStep, weight += channels)
                {
                    T w = Load<T>(weight, count);
                    sum0 = T.MultiplyAdd(Load<T>(source, count), w, sum0);
                    sum1 = T.MultiplyAdd(Load<T>(source + step, count), w, sum1);
                    sum2 = T.MultiplyAdd(Load<T>(source + (2 * step), count), w, sum2);
                    sum3 = T.MultiplyAdd(Load<T>(source + (3 * step), count), w, sum3);
                }
            }
            Put(sum0, 0, c, count);
            Put(sum1, 1, c, count);
            Put(sum2, 2, c, count);
            Put(sum3, 3, c, count);
        }

        // The sums' order is that of Four.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void FourByThree<T>(int c, int count) where T : unmanaged, IFloat32Vector<T>
        {
            (nint step, nint channels) = (PixelStep, Channels);
            T sum0 = T.Load(Bias + c), sum1 = sum0, sum2 = sum0, sum3 = sum0;
            for (int row = 0; row < Rows; row++)
            {
                float* source = Source + (row * RowStep) + c;
                float* weight = Weight + (row * WeightRow) + c;
                T w0 = T.Load(weight), w1 = T.Load(weight + channels), w2 = T.Load(weight + (2 * channels));
                sum0 = T.MultiplyAdd(T.Load(source), w0, sum0);
                T x = T.Load(source + step);
                sum0 = T.MultiplyAdd(x, w1, sum0);
                sum1 = T.MultiplyAdd(x, w0, sum1);
                x = T.Load(source + (2 * step));
                sum0 = T.MultiplyAdd(x, w2, sum0);
                sum1 = T.MultiplyAdd(x, w1, sum1);
                sum2 = T.MultiplyAdd(x, w0, sum2);
                x = T.Load(source + (3 * step));
                sum1 = T.MultiplyAdd(x, w2, sum1);
                sum2 = T.MultiplyAdd(x, w1, sum2);
                sum3 = T.MultiplyAdd(x, w0, sum3);
                x = T.Load(source + (4 * step));
                sum2 = T.MultiplyAdd(x, w2, sum2);
                sum3 = T.MultiplyAdd(x, w1, sum3);
                sum3 = T.MultiplyAdd(T.Load(source + (5 * step)), w2, sum3);
            }

            Put(sum0, 0, c, count);
            Put(sum1, 1, c, count);
            Put(sum2, 2, c, count);
            Put(sum3, 3, c, count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void FourByFive<T>(int c, int count) where T : unmanaged, IFloat32Vector<T>
        {
            (nint step, nint channels) = (PixelStep, Channels);
            T sum0 = T.Load(Bias + c), sum1 = sum0, sum2 = sum0, sum3 = sum0;
            for (int row = 0; row < Rows; row++)
            {
                float* source = Source + (row * RowStep) + c;
                float* weight = Weight + (row * WeightRow) + c;
                T w0 = T.Load(weight), w1 = T.Load(weight + channels), w2 = T.Load(weight + (2 * channels)), w3 = T.Load(weight + (3 * channels)), w4 = T.Load(weight + (4 * channels));
                sum0 = T.MultiplyAdd(T.Load(source), w0, sum0);
                T x = T.Load(source + step);
                sum0 = T.MultiplyAdd(x, w1, sum0);
                sum1 = T.MultiplyAdd(x, w0, sum1);
                x = T.Load(source + (2 * step));
                sum0 = T.MultiplyAdd(x, w2, sum0);
                sum1 = T.MultiplyAdd(x, w1, sum1);
                sum2 = T.MultiplyAdd(x, w0, sum2);
                x = T.Load(source + (3 * step));
                sum0 = T.MultiplyAdd(x, w3, sum0);
                sum1 = T.MultiplyAdd(x, w2, sum1);
                sum2 = T.MultiplyAdd(x, w1, sum2);
                sum3 = T.MultiplyAdd(x, w0, sum3);
                x = T.Load(source + (4 * step));
                sum0 = T.MultiplyAdd(x, w4, sum0);
                sum1 = T.MultiplyAdd(x, w3, sum1);
                sum2 = T.MultiplyAdd(x, w2, sum2);
                sum3 = T.MultiplyAdd(x, w1, sum3);
                x = T.Load(source + (5 * step));
                sum1 = T.MultiplyAdd(x, w4, sum1);
                sum2 = T.MultiplyAdd(x, w3, sum2);
                sum3 = T.MultiplyAdd(x, w2, sum3);
                x = T.Load(source + (6 * step));
                sum2 = T.MultiplyAdd(x, w4, sum2);
                sum3 = T.MultiplyAdd(x, w3, sum3);
                sum3 = T.MultiplyAdd(T.Load(source + (7 * step)), w4, sum3);
            }

            Put(sum0, 0, c, count);
            Put(sum1, 1, c, count);
            Put(sum2, 2, c, count);
            Put(sum3, 3, c, count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void One<T>(int c, int count) where T : unmanaged, IFloat32Vector<T>
        {
            T sum = Load<T>(Bias + c, count);
            for (int row = 0; row < Rows; row++)
                for (int column = 0; column < Columns; column++)
                {
                    T source = Load<T>(Source + (row * RowStep) + (column * ColumnStep) + c, count);
                    sum = T.MultiplyAdd(source, Load<T>(Weight + (row * WeightRow) + ((nint)column * Channels) + c, count), sum);
                }
            Put(sum, 0, c, count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Put<T>(T sum, int pixel, int c, int count) where T : unmanaged, IFloat32Vector<T>
        {
            if (Own != null)
                sum += Load<T>(Own + (pixel * OwnStep) + c, count);
            if (Addend != null)
                sum += Load<T>(Addend + (pixel * TargetStep) + c, count);
            if (Sum != null)
                Store(sum, Sum + (pixel * TargetStep) + c, count);
            if (Gate != null)
                sum *= Load<T>(Gate + (pixel * GateStep) + c, count);
            Store(sum, Target + (pixel * TargetStep) + c, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Load<T>(float* source, int count) where T : unmanaged, IFloat32Vector<T> =>
        count == T.Count ? T.Load(source) : T.LoadPartial(source, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T>(T value, float* target, int count) where T : unmanaged, IFloat32Vector<T>
    {
        if (count == T.Count)
            T.Store(value, target);
        else
            T.StorePartial(value, target, count);
    }
}
