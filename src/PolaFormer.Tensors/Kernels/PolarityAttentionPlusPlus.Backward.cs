using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <remarks>
/// With [g, g'] = ∂L/∂out by halves, z = 1/(f·m + ε), z' = 1/(f'·m + ε):
/// <code>
/// 1. h = g·S[:, left]ᵀ, h' = g'·S[:, right]ᵀ     gradients of the rotated features, up to z
/// 2. c = ∂L/∂(1/z) = −z²·(R f·h),     c' = −z'²·(R f'·h')     (g·numerators = R f·h)
/// 3. ∂L/∂f = z·Rᵀh + c·m,     ∂L/∂f' = z'·Rᵀh' + c'·m
/// 4. ∂L/∂S = Σ [R f, R f']ᵀ·[z·g, z'·g'] by halves,     ∂L/∂m = Σ c·f + c'·f'
/// 5. ∂L/∂κ = (Rᵀ(v·∂L/∂Sᵀ) + ∂L/∂m) / n,     ∂L/∂v = R κ·∂L/∂S / n
/// 6. f = exp(a·t) − 1, a = ±q:  ∂f/∂q = ±t·(f + 1),     ∂f/∂t = a·(f + 1),     0 where q is
/// </code>
/// </remarks>
internal static unsafe partial class PolarityAttentionPlusPlus
{
    private static partial class Pass<T>
    {
        public static void Backward(in PolarityAttentionPlusPlusInputs inputs, in PolarityAttentionPlusPlusGradients gradients)
        {
            var layout = new PolarityPlusPlusLayout(inputs.Rows.HeadDim);
            int pairs = inputs.Rows.Batch * inputs.Rows.Heads;
            int chunks = PolarityLayout.Chunks(pairs, inputs.Rows.Queries);
            int parts = layout.Parts(pairs * chunks, inputs.Rows.Queries / chunks * 2);
            Workers.Run(parts, new QueryGradientBody(inputs, gradients, layout, parts));
            int finishParts = layout.Parts(pairs, chunks);
            Workers.Run(finishParts, new FinishBody(inputs, layout, gradients.Workspace, layout.QueryUnit, finishParts));
            Workers.Run(parts, new KeyGradientBody(inputs, gradients, layout, parts));
            Workers.Run(inputs.Rows.Heads, new TemperatureBody(inputs, gradients, layout));
        }

        private readonly struct QueryGradientBody(
            PolarityAttentionPlusPlusInputs inputs, PolarityAttentionPlusPlusGradients gradients, PolarityPlusPlusLayout layout,
            int parts) : IParallelBody
        {
            public void Run(int part)
            {
                int chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);
                (int width, int columns, int block) = (layout.Width, layout.Columns, PolarityPlusPlusLayout.Block);
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, (block * ((6 * width) + columns + 4)) + (columns * width));
                float* oppositeFeatures = features + (block * width);
                float* rotated = oppositeFeatures + (block * width);
                float* oppositeRotated = rotated + (block * width);
                float* dFeatures = oppositeRotated + (block * width);
                float* dOppositeFeatures = dFeatures + (block * width);
                float* scaled = dOppositeFeatures + (block * width);
                float* transposed = scaled + (block * columns);
                float* z = transposed + (columns * width);
                float* zOpposite = z + block, c = z + (2 * block), cOpposite = z + (3 * block);
                (int first, int end) = Workers.Range(inputs.Rows.Batch * inputs.Rows.Heads * chunks, parts, part);
                for (int number = first; number < end; number++)
                {
                    (int pair, int image, int channel, int from, int to) = Unit(inputs, chunks, number);
                    float* state = inputs.State + ((long)pair * chunks * layout.State);
                    float* mean = state + (width * columns);
                    float* dState = gradients.Workspace + ((long)number * layout.QueryUnit);
                    new Span<float>(dState, layout.QueryUnit).Clear();
                    float* dMean = dState + (width * columns);
                    TokenBlock<T>.Transpose(width, columns, state, columns, transposed, width);
                    for (int token = from; token < to; token += block)
                    {
                        int rows = Math.Min(block, to - token);
                        float* q = inputs.Rows.Q.At(image, token, channel);
                        float* dOutput = gradients.DOutput.At(image, token, channel);
                        QueryFeatures(
                            layout, rows, q, inputs.Rows.Q.RowStride, inputs.Same + (2 * channel), inputs.Opposite + (2 * channel),
                            features, oppositeFeatures);
                        Rotate(layout, rows, features, inputs.Sin, inputs.Cos, token, back: false, rotated);
                        Rotate(layout, rows, oppositeFeatures, inputs.Sin, inputs.Cos, token, back: false, oppositeRotated);
                        BlockProduct<T>.Run(
                            rows, width, layout.Half, dOutput, gradients.DOutput.RowStride, 1, transposed, width,
                            dFeatures, width, accumulate: false);
                        BlockProduct<T>.Run(
                            rows, width, layout.Half, dOutput + layout.Half, gradients.DOutput.RowStride, 1,
                            transposed + (layout.HalfPadded * width), width, dOppositeFeatures, width, accumulate: false);
                        RowFactors(layout, rows, features, rotated, dFeatures, mean, z, c);
                        RowFactors(layout, rows, oppositeFeatures, oppositeRotated, dOppositeFeatures, mean, zOpposite, cOpposite);

                        CopyHalves(layout, rows, dOutput, gradients.DOutput.RowStride, scaled);
                        ScaleHalves(layout, rows, scaled, z, zOpposite);
                        BlockProduct<T>.Run(
                            width, layout.HalfPadded, rows, rotated, 1, width, scaled, columns, dState, columns, accumulate: true);
                        BlockProduct<T>.Run(
                            width, layout.HalfPadded, rows, oppositeRotated, 1, width, scaled + layout.HalfPadded, columns,
                            dState + layout.HalfPadded, columns, accumulate: true);

                        Rotate(layout, rows, dFeatures, inputs.Sin, inputs.Cos, token, back: true, dFeatures);
                        Rotate(layout, rows, dOppositeFeatures, inputs.Sin, inputs.Cos, token, back: true, dOppositeFeatures);
                        FeatureGradients(layout, rows, features, mean, z, c, dFeatures, dMean);
                        FeatureGradients(layout, rows, oppositeFeatures, mean, zOpposite, cOpposite, dOppositeFeatures, dMean);
                        QueryGradients(
                            layout, rows, q, inputs.Rows.Q.RowStride, inputs.Same + (2 * channel), inputs.Opposite + (2 * channel),
                            features, oppositeFeatures, dFeatures, dOppositeFeatures,
                            gradients.DQ.At(image, token, channel), gradients.DQ.RowStride,
                            dMean + width);
                    }
                }
            }
        }

        private readonly struct KeyGradientBody(
            PolarityAttentionPlusPlusInputs inputs, PolarityAttentionPlusPlusGradients gradients, PolarityPlusPlusLayout layout,
            int parts) : IParallelBody
        {
            public void Run(int part)
            {
                int chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);
                (int width, int columns, int block) = (layout.Width, layout.Columns, PolarityPlusPlusLayout.Block);
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, (block * ((3 * width) + columns)) + (columns * width));
                float* rotated = features + (block * width);
                float* dFeatures = rotated + (block * width);
                float* dValues = dFeatures + (block * width);
                float* transposed = dValues + (block * columns);
                (int first, int end) = Workers.Range(inputs.Rows.Batch * inputs.Rows.Heads * chunks, parts, part);
                for (int number = first; number < end; number++)
                {
                    (int pair, int image, int channel, int from, int to) = Unit(inputs, chunks, number);
                    float* dState = gradients.Workspace + ((long)pair * chunks * layout.QueryUnit);
                    TokenBlock<T>.Transpose(width, columns, dState, columns, transposed, width);
                    for (int token = from; token < to; token += block)
                    {
                        int rows = Math.Min(block, to - token);
                        float* k = inputs.Rows.K.At(image, token, channel);
                        float* v = inputs.Rows.V.At(image, token, channel);
                        KeyFeatures(layout, rows, k, inputs.Rows.K.RowStride, v, inputs.Rows.V.RowStride, features, null);
                        Rotate(layout, rows, features, inputs.Sin, inputs.Cos, token, back: false, rotated);
                        BlockProduct<T>.Run(
                            rows, columns, width, rotated, width, 1, dState, columns, dValues, columns, accumulate: false);
                        StoreHalves(
                            layout, rows, dValues, null, null,
                            gradients.DV.At(image, token, channel), gradients.DV.RowStride);

                        BlockProduct<T>.Run(
                            rows, width, layout.Half, v, inputs.Rows.V.RowStride, 1, transposed, width, dFeatures, width, accumulate: false);
                        BlockProduct<T>.Run(
                            rows, width, layout.Half, v + layout.Half, inputs.Rows.V.RowStride, 1, transposed + (layout.HalfPadded * width), width,
                            dFeatures, width, accumulate: true);
                        Rotate(layout, rows, dFeatures, inputs.Sin, inputs.Cos, token, back: true, dFeatures);
                        KeyGradients(
                            layout, rows, k, inputs.Rows.K.RowStride, features, dFeatures, dState + (width * columns),
                            gradients.DK.At(image, token, channel), gradients.DK.RowStride);
                    }
                }
            }
        }

        /// <summary>∂t of one head: the sums of its units, in the order of images and chunks.</summary>
        private readonly struct TemperatureBody(
            PolarityAttentionPlusPlusInputs inputs, PolarityAttentionPlusPlusGradients gradients, PolarityPlusPlusLayout layout) : IParallelBody
        {
            public void Run(int head)
            {
                int chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);
                float* sums = ThreadScratch.Floats(ScratchPurpose.Attention, 2 * layout.Width);
                new Span<float>(sums, 2 * layout.Width).Clear();
                for (int image = 0; image < inputs.Rows.Batch; image++)
                {
                    for (int chunk = 0; chunk < chunks; chunk++)
                    {
                        long unit = ((((long)image * inputs.Rows.Heads) + head) * chunks) + chunk;
                        float* addend = gradients.Workspace + (unit * layout.QueryUnit) + layout.State;
                        for (int i = 0; i < 2 * layout.Width; i += T.Count)
                            T.Store(T.Load(sums + i) + T.Load(addend + i), sums + i);
                    }
                }
                int d = layout.HeadDim;
                for (int half = 0; half < 2; half++)
                {
                    int at = ((2 * head) + half) * d;
                    new Span<float>(sums + (half * layout.Padded), d).CopyTo(new Span<float>(gradients.DSame + at, d));
                    new Span<float>(sums + layout.Width + (half * layout.Padded), d).CopyTo(new Span<float>(gradients.DOpposite + at, d));
                }
            }
        }

        /// <summary>z and c of each row (number 2 above).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void RowFactors(
            in PolarityPlusPlusLayout layout, int rows, float* features, float* rotated, float* dRotated, float* mean, float* z, float* c)
        {
            for (int row = 0; row < rows; row++)
            {
                z[row] = 1 / (Dot(layout.Width, features, mean) + PolarityAttention.Epsilon);
                c[row] = -z[row] * (z[row] * Dot(layout.Width, rotated, dRotated));
                features += layout.Width;
                rotated += layout.Width;
                dRotated += layout.Width;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void ScaleHalves(in PolarityPlusPlusLayout layout, int rows, float* values, float* same, float* opposite)
        {
            for (int row = 0; row < rows; row++)
            {
                T left = T.Create(same[row]), right = T.Create(opposite[row]);
                for (int j = 0; j < layout.HalfPadded; j += T.Count)
                {
                    T.Store(T.Load(values + j) * left, values + j);
                    T.Store(T.Load(values + layout.HalfPadded + j) * right, values + layout.HalfPadded + j);
                }
                values += layout.Columns;
            }
        }

        /// <summary>∂L/∂f = z·dFeatures + c·m in place (number 3); c·f added to ∂L/∂m (4).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void FeatureGradients(
            in PolarityPlusPlusLayout layout, int rows, float* features, float* mean, float* z, float* c, float* dFeatures, float* dMean)
        {
            for (int j = 0; j < layout.Width; j += T.Count)
            {
                T m = T.Load(mean + j), sum = T.Load(dMean + j);
                for (int row = 0; row < rows; row++)
                {
                    int at = (row * layout.Width) + j;
                    T factor = T.Create(c[row]);
                    sum = T.MultiplyAdd(factor, T.Load(features + at), sum);
                    T.Store(T.MultiplyAdd(factor, m, T.Create(z[row]) * T.Load(dFeatures + at)), dFeatures + at);
                }
                T.Store(sum, dMean + j);
            }
        }

        /// <summary>Number 6 for queries; <paramref name="sums"/> takes ∂t₁ and then ∂t₂ (Width each).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void QueryGradients(
            in PolarityPlusPlusLayout layout, int rows, float* q, nint qRow, float* same, float* opposite,
            float* features, float* oppositeFeatures, float* dFeatures, float* dOppositeFeatures, float* dQ, nint dQRow, float* sums)
        {
            int padded = layout.Padded;
            for (int j = 0; j < padded; j += T.Count)
            {
                int left = layout.HeadDim - j;
                T sameFront = Lanes.Load<T>(same + j, left), sameBack = Lanes.Load<T>(same + layout.HeadDim + j, left);
                T oppositeFront = Lanes.Load<T>(opposite + j, left), oppositeBack = Lanes.Load<T>(opposite + layout.HeadDim + j, left);
                T dSameFront = T.Load(sums + j), dSameBack = T.Load(sums + padded + j);
                T dOppositeFront = T.Load(sums + (2 * padded) + j), dOppositeBack = T.Load(sums + (3 * padded) + j);
                for (int row = 0; row < rows; row++)
                {
                    int at = (row * layout.Width) + j;
                    T x = Lanes.Load<T>(q + (row * qRow) + j, left);
                    T magnitude = T.Abs(x), isPositive = T.GreaterThan(x, T.Zero), isZero = T.Equal(x, T.Zero);

                    // Of a front and a back feature one is 0, so their sum is the other: f + 1 = exp(a·t).
                    T exponential = T.Load(features + at) + T.Load(features + at + padded) + T.Create(1);
                    T dSame = T.Select(isPositive, T.Load(dFeatures + at), T.Load(dFeatures + at + padded)) * exponential;
                    exponential = T.Load(oppositeFeatures + at) + T.Load(oppositeFeatures + at + padded) + T.Create(1);
                    T dOpposite = T.Select(isPositive, T.Load(dOppositeFeatures + at + padded), T.Load(dOppositeFeatures + at)) * exponential;

                    T slope = T.MultiplyAdd(
                        dSame, T.Select(isPositive, sameFront, sameBack), dOpposite * T.Select(isPositive, oppositeBack, oppositeFront));
                    TokenBlock<T>.Prefetch(dQ + ((row + PolarityPlusPlusLayout.Block) * dQRow) + j);
                    Lanes.Store(T.Select(isZero, T.Zero, slope ^ (x ^ magnitude)), dQ + (row * dQRow) + j, left);
                    dSameFront = T.MultiplyAdd(T.Max(T.Zero, x), dSame, dSameFront);
                    dSameBack = T.MultiplyAdd(T.Max(T.Zero, -x), dSame, dSameBack);
                    dOppositeFront = T.MultiplyAdd(T.Max(T.Zero, -x), dOpposite, dOppositeFront);
                    dOppositeBack = T.MultiplyAdd(T.Max(T.Zero, x), dOpposite, dOppositeBack);
                }
                T.Store(dSameFront, sums + j);
                T.Store(dSameBack, sums + padded + j);
                T.Store(dOppositeFront, sums + (2 * padded) + j);
                T.Store(dOppositeBack, sums + (3 * padded) + j);
            }
        }

        /// <summary>Number 6 for keys, whose temperature is 1; <paramref name="dMean"/> is added to every row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void KeyGradients(
            in PolarityPlusPlusLayout layout, int rows, float* k, nint kRow, float* features, float* dFeatures, float* dMean, float* dK, nint dKRow)
        {
            for (int j = 0; j < layout.Padded; j += T.Count)
            {
                int left = layout.HeadDim - j;
                T frontMean = T.Load(dMean + j), backMean = T.Load(dMean + layout.Padded + j);
                for (int row = 0; row < rows; row++)
                {
                    int at = (row * layout.Width) + j;
                    T x = Lanes.Load<T>(k + (row * kRow) + j, left);
                    T dFeature = T.Select(
                        T.GreaterThan(x, T.Zero), T.Load(dFeatures + at) + frontMean, T.Load(dFeatures + at + layout.Padded) + backMean);
                    T exponential = T.Load(features + at) + T.Load(features + at + layout.Padded) + T.Create(1);
                    T slope = (dFeature * exponential) ^ (x ^ T.Abs(x));
                    TokenBlock<T>.Prefetch(dK + ((row + PolarityPlusPlusLayout.Block) * dKRow) + j);
                    Lanes.Store(T.Select(T.Equal(x, T.Zero), T.Zero, slope), dK + (row * dKRow) + j, left);
                }
            }
        }
    }
}
