using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Depthwise convolution whose taps read the image beside their place, bilinear between four pixels; pixels outside the image
/// are 0. Offsets are (B, H, W, taps, 2), rows before columns. One tap's four corners at a time, plain loops over channels.
/// </summary>
internal static unsafe class DeformableConvolution
{
    /// <summary>y(B, H, W, C) from x, stride 1, size kept.</summary>
    public static void Forward(in DepthwiseShape shape, float* x, float* offsets, float* weight, float* bias, float* y) =>
        Workers.Run(shape.OutLines, new ForwardBody { Shape = shape, X = x, Offsets = offsets, Weight = weight, Bias = bias, Y = y });

    /// <summary>dx, with floats between its pixels, and the gradient of the offsets: an image a part, for within one taps reach anywhere.</summary>
    public static void BackwardInput(in DepthwiseShape shape, float* x, float* offsets, float* weight, float* dy, float* dx, nint dxStride, float* doffsets) =>
        Workers.Run(shape.Convolution.Batch, new InputBody { Shape = shape, X = x, Offsets = offsets, Weight = weight, Dy = dy, Dx = dx, DxStride = dxStride, DOffsets = doffsets });

    /// <summary>The gradients of the weight, a tap a part, and of the bias.</summary>
    public static void BackwardWeight(in DepthwiseShape shape, float* x, float* offsets, float* dy, float* dweight, float* dbias) =>
        Workers.Run(shape.Taps + (dbias == null ? 0 : 1), new WeightBody { Shape = shape, X = x, Offsets = offsets, Dy = dy, DWeight = dweight, DBias = dbias });

    // One of the four pixels that a tap reads: its share of the value, and how the share changes with the tap's place.
    private readonly ref struct Corner
    {
        public readonly bool IsInside;
        public readonly long Pixel;
        public readonly float Weight, RowSlope, ColumnSlope;

        public Corner(in ConvolutionShape image, int row, int column, int tap, float* offset, int corner)
        {
            int kernel = image.KernelWidth;

            // From two pixels outside on, nothing is read; the bound keeps the integers in range.
            float y = Math.Clamp(row + (tap / kernel) - (kernel / 2) + offset[0], -2, image.Height + 1);
            float x = Math.Clamp(column + (tap % kernel) - (kernel / 2) + offset[1], -2, image.Width + 1);
            (float top, float left) = (MathF.Floor(y), MathF.Floor(x));
            (bool isLower, bool isRight) = (corner >= 2, corner % 2 == 1);
            (int pixelRow, int pixelColumn) = ((int)top + (isLower ? 1 : 0), (int)left + (isRight ? 1 : 0));
            IsInside = pixelRow >= 0 && pixelRow < image.Height && pixelColumn >= 0 && pixelColumn < image.Width;
            Pixel = ((long)pixelRow * image.Width) + pixelColumn;
            float rowShare = isLower ? y - top : 1 - (y - top), columnShare = isRight ? x - left : 1 - (x - left);
            Weight = rowShare * columnShare;
            RowSlope = isLower ? columnShare : -columnShare;
            ColumnSlope = isRight ? rowShare : -rowShare;
        }
    }

    private struct ForwardBody : IParallelBody
    {
        public DepthwiseShape Shape;
        public float* X, Offsets, Weight, Bias, Y;

        // One line of the output.
        public readonly void Run(int part)
        {
            ConvolutionShape image = Shape.Convolution;
            (int channels, int kernels, int taps) = (Shape.Channels, Shape.WeightChannels, Shape.Taps);
            float* x = X + ((long)(part / image.Height) * image.Height * image.Width * Shape.InputStride);
            for (int column = 0; column < image.Width; column++)
            {
                long pixel = ((long)part * image.Width) + column;
                float* y = Y + (pixel * channels);
                for (int c = 0; c < channels; c++)
                    y[c] = Bias == null ? 0 : Bias[c % kernels];
                for (int tap = 0; tap < taps; tap++)
                {
                    float* offset = Offsets + (2 * ((pixel * taps) + tap));
                    for (int i = 0; i < 4; i++)
                    {
                        var corner = new Corner(image, part % image.Height, column, tap, offset, i);
                        if (!corner.IsInside)
                            continue;
                        float* source = x + (corner.Pixel * Shape.InputStride);
                        for (int c = 0; c < channels; c++)
                            y[c] += Weight[(c % kernels * taps) + tap] * corner.Weight * source[c];
                    }
                }
            }
        }
    }

    private struct InputBody : IParallelBody
    {
        public DepthwiseShape Shape;
        public float* X, Offsets, Weight, Dy, Dx, DOffsets;
        public nint DxStride;

        // One image.
        public readonly void Run(int part)
        {
            ConvolutionShape image = Shape.Convolution;
            (int channels, int kernels, int taps) = (Shape.Channels, Shape.WeightChannels, Shape.Taps);
            long pixels = (long)image.Height * image.Width;
            float* x = X + (part * pixels * Shape.InputStride), dx = Dx + (part * pixels * DxStride);
            for (long pixel = 0; pixel < pixels; pixel++)
                new Span<float>(dx + (pixel * DxStride), channels).Clear();
            for (long pixel = 0; pixel < pixels; pixel++)
            {
                float* dy = Dy + (((part * pixels) + pixel) * channels);
                for (int tap = 0; tap < taps; tap++)
                {
                    long place = 2 * ((((part * pixels) + pixel) * taps) + tap);
                    float drow = 0, dcolumn = 0;
                    for (int i = 0; i < 4; i++)
                    {
                        var corner = new Corner(image, (int)(pixel / image.Width), (int)(pixel % image.Width), tap, Offsets + place, i);
                        if (!corner.IsInside)
                            continue;
                        float* source = x + (corner.Pixel * Shape.InputStride), target = dx + (corner.Pixel * DxStride);
                        float sum = 0;
                        for (int c = 0; c < channels; c++)
                        {
                            float gradient = Weight[(c % kernels * taps) + tap] * dy[c];
                            target[c] += corner.Weight * gradient;
                            sum += gradient * source[c];
                        }

                        drow += corner.RowSlope * sum;
                        dcolumn += corner.ColumnSlope * sum;
                    }

                    (DOffsets[place], DOffsets[place + 1]) = (drow, dcolumn);
                }
            }
        }
    }

    private struct WeightBody : IParallelBody
    {
        public DepthwiseShape Shape;
        public float* X, Offsets, Dy, DWeight, DBias;

        // One tap of every kernel, or after the last tap the biases. Sums over all pixels are in double.
        public readonly void Run(int part)
        {
            ConvolutionShape image = Shape.Convolution;
            (int channels, int kernels, int taps) = (Shape.Channels, Shape.WeightChannels, Shape.Taps);
            long pixels = (long)image.Height * image.Width;
            double[] sums = new double[kernels];
            for (long pixel = 0; pixel < image.Batch * pixels; pixel++)
            {
                float* dy = Dy + (pixel * channels);
                if (part == taps)
                {
                    for (int c = 0; c < channels; c++)
                        sums[c % kernels] += dy[c];
                    continue;
                }

                long first = pixel / pixels * pixels;
                for (int i = 0; i < 4; i++)
                {
                    var corner = new Corner(image, (int)((pixel - first) / image.Width), (int)((pixel - first) % image.Width), part, Offsets + (2 * ((pixel * taps) + part)), i);
                    if (!corner.IsInside)
                        continue;
                    float* source = X + ((first + corner.Pixel) * Shape.InputStride);
                    for (int c = 0; c < channels; c++)
                        sums[c % kernels] += corner.Weight * source[c] * dy[c];
                }
            }

            for (int c = 0; c < kernels; c++)
            {
                if (part == taps)
                    DBias[c] = (float)sums[c];
                else
                    DWeight[(c * taps) + part] = (float)sums[c];
            }
        }
    }
}
