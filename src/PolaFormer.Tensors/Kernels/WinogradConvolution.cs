using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// 3×3 convolutions of stride 1 by minimal filtering (Lavin and Gray, CVPR 2016, https://arxiv.org/abs/1509.09308, F(2×2, 3×3)):
/// tiles of 4×4 input pixels and the kernels are transformed, the channels summed by a matrix product for each of the 16
/// places, and the sums transformed to 2×2 output pixels. That takes 4/9 of the multiply-adds; the transforms have factors of 1
/// and ½ alone, so that rounding is that of the direct sum. For layers with many channels whose weights are laid out, or which
/// have pixels enough to lay them out for once.
/// </summary>
internal static unsafe partial class WinogradConvolution
{
    private const int Places = 16;

    /// <summary>Channels from which on the products are worth the transforms.</summary>
    private const int FewestChannels = 64;

    /// <summary>Output pixels from which on a weight is worth laying out for one call.</summary>
    private const int FewestPixels = 2048;

    /// <summary>Kernels up to which one is laid out for one call: 64 MiB transformed.</summary>
    private const long MostKernels = 1 << 20;

    /// <summary>Most tiles that a task transforms at a time, whole register tiles of rows: 3.7 MiB at 256 channels.</summary>
    private const int MostTiles = 112;

    /// <summary>Multiply-adds worth a task.</summary>
    private const long Grain = 2_000_000;

    /// <summary>Floats between rows of transformed tiles, so that rows of 4 KiB do not evict one another.</summary>
    private const int Gap = 16;

    /// <summary>Whether a weight (outputs, inputs / groups, height, width), used at every pixel without gaps, is laid out for this.</summary>
    public static bool Fits(int outputs, int inputs, int kernelHeight, int kernelWidth, int groups) =>
        groups == 1 && kernelHeight == 3 && kernelWidth == 3 && inputs >= FewestChannels && outputs >= FewestChannels;

    /// <inheritdoc cref="Fits(int, int, int, int, int)"/>
    public static bool Fits(in ConvolutionShape shape) =>
        shape is { StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1 } && Fits(shape.OutChannels, shape.InChannels, shape.KernelHeight, shape.KernelWidth, shape.Groups);

    /// <summary>Whether a convolution with a weight as it is, and its gradients, are computed this way.</summary>
    public static bool FitsOnce(in ConvolutionShape shape) =>
        Fits(shape) && (long)shape.Batch * shape.OutHeight * shape.OutWidth >= FewestPixels && (long)shape.OutChannels * shape.InChannels <= MostKernels;

    /// <summary>Floats that <see cref="PackWeight"/> writes.</summary>
    public static long PackedWeightLength(int outputs, int inputs) => Places * Gemm.PackedBLength(inputs, outputs);

    /// <summary>A packed matrix inputs × outputs for each place, of a weight (outputs, inputs, 3, 3).</summary>
    public static void PackWeight(float* weight, int outputs, int inputs, float* packed)
    {
        // (places, outputs, inputs).
        float* transformed = ThreadScratch.Floats(ScratchPurpose.Convolution, (long)Places * outputs * inputs);
        nint plane = (nint)outputs * inputs;
        float* rows = stackalloc float[12];
        for (nint i = 0; i < plane; i++)
        {
            float* kernel = weight + (9 * i);
            for (int column = 0; column < 3; column++)
                Transform(kernel + column, 3, rows + column, 3);
            for (int row = 0; row < 4; row++)
                Transform(rows + (3 * row), 1, transformed + i + (4 * row * plane), plane);
        }

        for (int place = 0; place < Places; place++)
            Gemm.PackB(transformed + (place * plane), 1, inputs, inputs, outputs, packed + (place * (nint)Gemm.PackedBLength(inputs, outputs)));

        static void Transform(float* kernel, nint step, float* target, nint targetStep)
        {
            (float a, float b, float c) = (kernel[0], kernel[step], kernel[2 * step]);
            target[0] = a;
            target[targetStep] = 0.5f * (a + b + c);
            target[2 * targetStep] = 0.5f * (a - b + c);
            target[3 * targetStep] = c;
        }
    }

    /// <summary>y = act(x ∗ weight + bias + addend).</summary>
    public static void Forward(in ConvolutionShape shape, float* x, float* weight, in ConvolutionFinish finish, float* y)
    {
        float* packed = ThreadScratch.Floats(ScratchPurpose.ConvolutionWeight, PackedWeightLength(shape.OutChannels, shape.InChannels));
        PackWeight(weight, shape.OutChannels, shape.InChannels, packed);
        ForwardPacked(shape, x, packed, finish, y);
    }

    /// <summary>As <see cref="Forward"/>, with a weight that <see cref="PackWeight"/> has laid out.</summary>
    public static void ForwardPacked(in ConvolutionShape shape, float* x, float* packed, in ConvolutionFinish finish, float* y)
    {
        var body = new Body { Shape = shape, X = x, Packed = packed, Finish = finish, Y = y };
        int tiles = Tiles(shape), chunks = (tiles + body.ChunkTiles - 1) / body.ChunkTiles;
        body.Parts = Math.Min(chunks, Workers.PartsFor((long)tiles * Places * shape.InChannels * shape.OutChannels, Grain));
        Workers.Run(body.Parts, body);
    }

    private static int Tiles(in ConvolutionShape shape) => checked(shape.Batch * TileRows(shape) * TileColumns(shape));

    private static int TileRows(in ConvolutionShape shape) => (shape.OutHeight + 1) / 2;

    private static int TileColumns(in ConvolutionShape shape) => (shape.OutWidth + 1) / 2;

    /// <summary>The image and the upper left output pixel of a tile.</summary>
    private static (int Image, int Row, int Column) Tile(in ConvolutionShape shape, int number)
    {
        (int line, int column) = Math.DivRem(number, TileColumns(shape));
        (int image, int row) = Math.DivRem(line, TileRows(shape));
        return (image, 2 * row, 2 * column);
    }

    /// <summary>Bᵀ·d·B of the 4×4 pixels of each of <paramref name="count"/> tiles: rows <paramref name="row"/> apart in each place's matrix. <paramref name="zeros"/> holds as many channels.</summary>
    private static void TransformInputs(in ConvolutionShape shape, float* x, int first, int count, float* zeros, float* target, nint row, nint place)
    {
        int lanes = Lanes.CountFor(shape.InChannels);
        for (int i = 0; i < count; i++, target += row)
        {
            if (lanes == 16)
                TransformInput<Float32x16>(shape, x, first + i, zeros, target, place);
            else if (lanes == 8)
                TransformInput<Float32x8>(shape, x, first + i, zeros, target, place);
            else
                TransformInput<Float32x4>(shape, x, first + i, zeros, target, place);
        }
    }

    /// <summary>Bᵀ·d·B of a tile's 4×4 pixels, place after place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransformInput<T>(in ConvolutionShape shape, float* x, int tile, float* zeros, float* target, nint place) where T : unmanaged, IFloat32Vector<T>
    {
        (int image, int upper, int leftmost) = Tile(shape, tile);
        (int top, int left) = (upper - shape.PadH, leftmost - shape.PadW);
        float** pixels = stackalloc float*[Places];
        for (int i = 0; i < Places; i++)
        {
            (int line, int column) = (top + (i / 4), left + (i % 4));
            bool isInside = (uint)line < (uint)shape.Height && (uint)column < (uint)shape.Width;
            pixels[i] = isInside ? x + ((((((nint)image * shape.Height) + line) * shape.Width) + column) * shape.InChannels) : zeros;
        }

        for (int c = 0; c < shape.InChannels; c += T.Count)
        {
            int count = shape.InChannels - c;
            T a0 = Lanes.Load<T>(pixels[0] + c, count), a1 = Lanes.Load<T>(pixels[1] + c, count), a2 = Lanes.Load<T>(pixels[2] + c, count), a3 = Lanes.Load<T>(pixels[3] + c, count);
            T b0 = Lanes.Load<T>(pixels[4] + c, count), b1 = Lanes.Load<T>(pixels[5] + c, count), b2 = Lanes.Load<T>(pixels[6] + c, count), b3 = Lanes.Load<T>(pixels[7] + c, count);
            T c0 = Lanes.Load<T>(pixels[8] + c, count), c1 = Lanes.Load<T>(pixels[9] + c, count), c2 = Lanes.Load<T>(pixels[10] + c, count), c3 = Lanes.Load<T>(pixels[11] + c, count);
            T d0 = Lanes.Load<T>(pixels[12] + c, count), d1 = Lanes.Load<T>(pixels[13] + c, count), d2 = Lanes.Load<T>(pixels[14] + c, count), d3 = Lanes.Load<T>(pixels[15] + c, count);
            float* to = target + c;
            Line(a0 - c0, a1 - c1, a2 - c2, a3 - c3, to, place, count);
            Line(b0 + c0, b1 + c1, b2 + c2, b3 + c3, to + (4 * place), place, count);
            Line(c0 - b0, c1 - b1, c2 - b2, c3 - b3, to + (8 * place), place, count);
            Line(b0 - d0, b1 - d1, b2 - d2, b3 - d3, to + (12 * place), place, count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Line(T a, T b, T c, T d, float* to, nint place, int count)
        {
            Lanes.Store(a - c, to, count);
            Lanes.Store(b + c, to + place, count);
            Lanes.Store(c - b, to + (2 * place), count);
            Lanes.Store(b - d, to + (3 * place), count);
        }
    }

    private struct Body : IParallelBody
    {
        public ConvolutionShape Shape;
        public float* X, Packed, Y;
        public ConvolutionFinish Finish;
        public int Parts;

        /// <summary>Tiles at a time: enough for a product, few enough for all threads to have some.</summary>
        public readonly int ChunkTiles => Math.Clamp(Tiles(Shape) / 8 / 14 * 14, 14, MostTiles);

        public readonly void Run(int part)
        {
            (int tiles, int chunk) = (Tiles(Shape), ChunkTiles);
            (int from, int to) = Workers.Range((tiles + chunk - 1) / chunk, Parts, part);
            (nint inRow, nint outRow) = (Shape.InChannels + Gap, Shape.OutChannels + Gap);
            int outLanes = Lanes.CountFor(Shape.OutChannels);
            float* inputs = ThreadScratch.Floats(ScratchPurpose.ConvolutionRows, ((Places * chunk) + 1) * inRow);
            float* sums = ThreadScratch.Floats(ScratchPurpose.Convolution, Places * chunk * outRow);
            float* zeros = inputs + (Places * chunk * inRow);
            new Span<float>(zeros, Shape.InChannels).Clear();
            for (int number = from; number < to; number++)
            {
                int first = number * chunk, count = Math.Min(chunk, tiles - first);
                TransformInputs(Shape, X, first, count, zeros, inputs, inRow, chunk * inRow);

                for (int place = 0; place < Places; place++)
                {
                    Gemm.RunSerial(new MatrixProduct(count, Shape.OutChannels, Shape.InChannels, inputs + (place * chunk * inRow), null, sums + (place * chunk * outRow))
                    {
                        ARow = inRow,
                        CRow = outRow,
                        PackedB = Packed + (place * (nint)Gemm.PackedBLength(Shape.InChannels, Shape.OutChannels)),
                    });
                }

                for (int i = 0; i < count; i++)
                {
                    if (outLanes == 16)
                        TransformOutput<Float32x16>(first + i, sums + (i * outRow), chunk * outRow);
                    else if (outLanes == 8)
                        TransformOutput<Float32x8>(first + i, sums + (i * outRow), chunk * outRow);
                    else
                        TransformOutput<Float32x4>(first + i, sums + (i * outRow), chunk * outRow);
                }
            }
        }

        /// <summary>Aᵀ·m·A of a tile's sums, finished, to those of its 2×2 pixels that the image has.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void TransformOutput<T>(int tile, float* sums, nint place) where T : unmanaged, IFloat32Vector<T>
        {
            (int image, int row, int column) = Tile(Shape, tile);
            (nint pixel, nint line) = (Shape.OutChannels, (nint)Shape.OutWidth * Shape.OutChannels);
            nint start = ((((nint)image * Shape.OutHeight) + row) * line) + (column * pixel);
            (bool hasRight, bool hasLower) = (column + 1 < Shape.OutWidth, row + 1 < Shape.OutHeight);
            for (int c = 0; c < Shape.OutChannels; c += T.Count)
            {
                int count = Shape.OutChannels - c;
                float* from = sums + c;
                (T u0, T v0) = Column(from, place, count);
                (T u1, T v1) = Column(from + place, place, count);
                (T u2, T v2) = Column(from + (2 * place), place, count);
                (T u3, T v3) = Column(from + (3 * place), place, count);
                T bias = Finish.Bias == null ? T.Zero : Lanes.Load<T>(Finish.Bias + c, count);
                Put(u0 + u1 + u2 + bias, start + c, count);
                if (hasRight)
                    Put(u1 - u2 - u3 + bias, start + pixel + c, count);
                if (!hasLower)
                    continue;
                Put(v0 + v1 + v2 + bias, start + line + c, count);
                if (hasRight)
                    Put(v1 - v2 - v3 + bias, start + line + pixel + c, count);
            }

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            static (T Upper, T Lower) Column(float* from, nint place, int count)
            {
                T a = Lanes.Load<T>(from, count), b = Lanes.Load<T>(from + (4 * place), count), c = Lanes.Load<T>(from + (8 * place), count), d = Lanes.Load<T>(from + (12 * place), count);
                return (a + b + c, b - c - d);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Put<T>(T value, nint at, int count) where T : unmanaged, IFloat32Vector<T>
        {
            if (Finish.Addend != null)
                value += Lanes.Load<T>(Finish.Addend + at, count);
            value = Finish.Activation switch
            {
                Activation.Relu => Elementwise.Relu.Forward(value),
                Activation.Gelu => Elementwise.Gelu.Forward(value),
                Activation.Silu => Elementwise.Silu.Forward(value),
                _ => value,
            };
            Lanes.Store(value, Y + at, count);
        }
    }
}
