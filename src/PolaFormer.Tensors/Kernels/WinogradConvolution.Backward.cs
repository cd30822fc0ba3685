using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

// The gradient of y = Aᵀ·(G·w·Gᵀ ⊙ Bᵀ·d·B)·A to the weight: in every place the transformed pixels times A·dy·Aᵀ, summed over the
// tiles by a product, and brought back by Gᵀ·…·G.
internal static unsafe partial class WinogradConvolution
{
    /// <summary>Floats of transformed tiles that are multiplied at a time: 8 MiB, so that the sums, which are read and written each time, are the smaller part.</summary>
    private const int GradientFloats = 1 << 21;

    /// <summary>Tiles that a product sums at least, and rows and columns of the sums that a task computes.</summary>
    private const int GradientSide = 256;

    /// <summary>The correlation of x with dy in the layout of the weight. Overwrites it.</summary>
    public static void BackwardWeight(in ConvolutionShape shape, float* x, float* dy, float* dweight)
    {
        (int inputs, int outputs, int tiles) = (shape.InChannels, shape.OutChannels, Tiles(shape));
        (nint inRow, nint outRow) = (inputs + Gap, outputs + Gap);
        int chunk = Math.Max(GradientFloats / (Places * (inputs + outputs)) / GradientSide, 1) * GradientSide;
        var body = new TilesBody
        {
            Shape = shape,
            X = x,
            Dy = dy,
            Chunk = chunk,
            Inputs = ThreadScratch.Floats(ScratchPurpose.ConvolutionRows, ((Places * chunk) + 1) * inRow),
            Outputs = ThreadScratch.Floats(ScratchPurpose.Convolution, ((Places * chunk) + 1) * outRow),
            Sums = ThreadScratch.Floats(ScratchPurpose.ConvolutionWeight, (long)Places * outputs * inputs),
        };
        new Span<float>(body.InputZeros, inputs).Clear();
        new Span<float>(body.OutputZeros, outputs).Clear();
        for (body.First = 0; body.First < tiles; body.First += chunk)
        {
            body.Count = Math.Min(chunk, tiles - body.First);
            body.Parts = Workers.PartsFor((long)body.Count * Places * (inputs + outputs), 1 << 17);
            Workers.Run(body.Parts, body);
            Workers.Run(Places * body.OutputBlocks * body.InputBlocks, new SumsBody { Tiles = body });
        }

        int parts = Workers.PartsFor((long)Places * outputs * inputs, 1 << 17);
        Workers.Run(parts, new KernelsBody { Sums = body.Sums, Kernels = (nint)outputs * inputs, Dweight = dweight, Parts = parts });
    }

    /// <summary>Transforms a part of a chunk of tiles.</summary>
    private struct TilesBody : IParallelBody
    {
        public ConvolutionShape Shape;
        public float* X, Dy, Inputs, Outputs, Sums;
        public int Chunk, First, Count, Parts;

        public readonly nint InputRow => Shape.InChannels + Gap;

        public readonly nint OutputRow => Shape.OutChannels + Gap;

        public readonly float* InputZeros => Inputs + (Places * Chunk * InputRow);

        public readonly float* OutputZeros => Outputs + (Places * Chunk * OutputRow);

        public readonly int InputBlocks => (Shape.InChannels + GradientSide - 1) / GradientSide;

        public readonly int OutputBlocks => (Shape.OutChannels + GradientSide - 1) / GradientSide;

        public readonly void Run(int part)
        {
            (int from, int to) = Workers.Range(Count, Parts, part);
            TransformInputs(Shape, X, First + from, to - from, InputZeros, Inputs + (from * InputRow), InputRow, Chunk * InputRow);
            int lanes = Lanes.CountFor(Shape.OutChannels);
            for (int i = from; i < to; i++)
            {
                float* target = Outputs + (i * OutputRow);
                if (lanes == 16)
                    TransformGradient<Float32x16>(First + i, target);
                else if (lanes == 8)
                    TransformGradient<Float32x8>(First + i, target);
                else
                    TransformGradient<Float32x4>(First + i, target);
            }
        }

        /// <summary>A·dy·Aᵀ of a tile's 2×2 pixels, place after place; pixels that the image has not are 0.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void TransformGradient<T>(int tile, float* target) where T : unmanaged, IFloat32Vector<T>
        {
            (int image, int row, int column) = Tile(Shape, tile);
            (nint pixel, nint line, nint place) = (Shape.OutChannels, (nint)Shape.OutWidth * Shape.OutChannels, Chunk * OutputRow);
            float* start = Dy + ((((nint)image * Shape.OutHeight) + row) * line) + (column * pixel);
            (bool hasRight, bool hasLower) = (column + 1 < Shape.OutWidth, row + 1 < Shape.OutHeight);
            float* right = hasRight ? start + pixel : OutputZeros;
            float* lower = hasLower ? start + line : OutputZeros;
            float* last = hasRight && hasLower ? start + line + pixel : OutputZeros;
            for (int c = 0; c < Shape.OutChannels; c += T.Count)
            {
                int count = Shape.OutChannels - c;
                T a = Lanes.Load<T>(start + c, count), b = Lanes.Load<T>(right + c, count);
                T d = Lanes.Load<T>(lower + c, count), e = Lanes.Load<T>(last + c, count);
                float* to = target + c;
                Line(a, b, to, place, count);
                Line(a + d, b + e, to + (4 * place), place, count);
                Line(a - d, b - e, to + (8 * place), place, count);
                Line(T.Zero - d, T.Zero - e, to + (12 * place), place, count);
            }

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            static void Line(T a, T b, float* to, nint place, int count)
            {
                Lanes.Store(a, to, count);
                Lanes.Store(a + b, to + place, count);
                Lanes.Store(a - b, to + (2 * place), count);
                Lanes.Store(T.Zero - b, to + (3 * place), count);
            }
        }
    }

    /// <summary>Adds the chunk's tiles to a block of one place's sums (outputs, inputs).</summary>
    private struct SumsBody : IParallelBody
    {
        public TilesBody Tiles;

        public readonly void Run(int part)
        {
            (int rest, int column) = Math.DivRem(part, Tiles.InputBlocks);
            (int place, int row) = Math.DivRem(rest, Tiles.OutputBlocks);
            (int inputs, int outputs) = (Tiles.Shape.InChannels, Tiles.Shape.OutChannels);
            (int i, int iEnd) = Workers.Range(outputs, Tiles.OutputBlocks, row);
            (int j, int jEnd) = Workers.Range(inputs, Tiles.InputBlocks, column);
            nint first = (nint)place * Tiles.Chunk;
            Gemm.CorrelateSerial(
                Tiles.Outputs + (first * Tiles.OutputRow) + i, Tiles.OutputRow, iEnd - i, Tiles.Inputs + (first * Tiles.InputRow) + j, Tiles.InputRow, jEnd - j,
                Tiles.Count, Tiles.Sums + ((((nint)place * outputs) + i) * inputs) + j, inputs, null, accumulate: Tiles.First > 0);
        }
    }

    /// <summary>Gᵀ·sums·G of a part of the kernels.</summary>
    private struct KernelsBody : IParallelBody
    {
        public float* Sums, Dweight;
        public nint Kernels;
        public int Parts;

        public readonly void Run(int part)
        {
            (int from, int to) = Workers.Range(checked((int)Kernels), Parts, part);
            float* rows = stackalloc float[12];
            for (nint i = from; i < to; i++)
            {
                for (int row = 0; row < 4; row++)
                    Transform(Sums + (4 * row * Kernels) + i, Kernels, rows + (3 * row), 1);
                for (int column = 0; column < 3; column++)
                    Transform(rows + column, 3, Dweight + (9 * i) + column, 3);
            }

            static void Transform(float* sums, nint step, float* target, nint targetStep)
            {
                (float a, float b, float c, float d) = (sums[0], 0.5f * sums[step], 0.5f * sums[2 * step], sums[3 * step]);
                target[0] = a + (b + c);
                target[targetStep] = b - c;
                target[2 * targetStep] = (b + c) + d;
            }
        }
    }
}
