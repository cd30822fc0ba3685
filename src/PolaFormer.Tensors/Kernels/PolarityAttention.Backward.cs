using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <remarks>
/// With G = ∂L/∂out, per row: u = φ(q̃)·W (numerators), z = 1/(φ(q̃)·m + ε), z' = 1/(ψ(q̃)·m + ε), G = [g, g'] by halves:
/// <code>
/// 1. h = g·W[:, left]ᵀ, h' = g'·W[:, right]ᵀ
/// 2. g·u[left] = φ·h and g'·u[right] = φ·h', hence the numerators need not be computed again:
///    c = ∂L/∂(1/z) = −z²·(φ·h),     c' = −z'²·(φ·h')
/// 3. ∂L/∂φ(q̃) = z·h + z'·h' + c·m + c'·exchanged(m)
/// 4. ∂L/∂W = Σ φᵀ·[z·g, z'·g'],     ∂L/∂m = Σ c·φ + c'·ψ
/// 5. ∂L/∂φ(k̃) = (v·∂L/∂Sᵀ + ∂L/∂m) / n,     ∂L/∂v = φ(k̃)·∂L/∂S / n
/// 6. x̃ = x·s:  ∂L/∂x = ∂L/∂φ·φ'·s,     ∂L/∂s = Σ ∂L/∂φ·φ'·x,     ∂L/∂p = Σ ∂L/∂φ·|x̃|^p·ln|x̃|
/// </code>
/// </remarks>
internal static unsafe partial class PolarityAttention
{
    private static partial class Pass<T>
    {
        public static void Backward(in PolarityAttentionInputs inputs, in PolarityAttentionGradients gradients)
        {
            var layout = new PolarityLayout(inputs.Rows.HeadDim);
            var queries = new QueryGradientBody(inputs, gradients, layout);
            Workers.Run(queries.Parts, queries);
            var finish = new FinishGradientBody(inputs, gradients, layout);
            Workers.Run(finish.Parts, finish);
            var keys = new KeyGradientBody(inputs, gradients, layout);
            Workers.Run(keys.Parts, keys);
            Workers.Run(inputs.Rows.Heads, new ChannelBody(inputs, gradients, layout));
        }

        /// <summary>Floats of a query unit in the workspace: ∂W, ∂m, then ∂s and ∂p of the head's channels.</summary>
        private static int QueryUnit(in PolarityLayout layout) => layout.State + (2 * layout.Padded);

        /// <summary>The key units' ∂s and ∂p lie behind the query units.</summary>
        private static float* KeyUnits(in PolarityAttentionInputs inputs, in PolarityAttentionGradients gradients, in PolarityLayout layout)
        {
            int pairs = inputs.Rows.Batch * inputs.Rows.Heads;
            return gradients.Workspace + ((long)pairs * PolarityLayout.Chunks(pairs, inputs.Rows.Queries) * QueryUnit(layout));
        }

        private readonly struct QueryGradientBody(
            PolarityAttentionInputs inputs, PolarityAttentionGradients gradients, PolarityLayout layout) : IParallelBody
        {
            private readonly int _chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);
            private readonly int _keyChunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Keys);

            private int Units => inputs.Rows.Batch * inputs.Rows.Heads * _chunks;

            public int Parts => layout.Parts(Units, inputs.Rows.Queries / _chunks * 2);

            public void Run(int part)
            {
                (int width, int padded, int block, int featureRow) = (layout.Width, layout.Padded, PolarityLayout.Block, layout.FeatureRow);
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, (block * ((3 * featureRow) + (3 * padded) + 4)) + (padded * (width + 2)));
                float* same = features + (block * featureRow);
                float* opposite = same + (block * featureRow);
                float* slope = opposite + (block * featureRow);
                float* curve = slope + (block * padded);
                float* scaled = curve + (block * padded);
                float* transposed = scaled + (block * padded);
                float* leftHalf = transposed + (padded * width);
                float* rightHalf = leftHalf + padded;
                float* rowFactors = rightHalf + padded;
                MarkHalves(layout, leftHalf, rightHalf);
                int half = layout.Half;
                (int first, int end) = Workers.Range(Units, Parts, part);
                for (int unit = first; unit < end; unit++)
                {
                    (int pair, int chunk) = Math.DivRem(unit, _chunks);
                    (int image, int head) = Math.DivRem(pair, inputs.Rows.Heads);
                    int channel = head * layout.HeadDim;
                    float* state = inputs.State + ((long)pair * _keyChunks * layout.State);
                    float* mean = state + (width * padded);
                    float* dState = gradients.Workspace + ((long)unit * QueryUnit(layout));
                    new Span<float>(dState, QueryUnit(layout)).Clear();
                    float* dMean = dState + (width * padded);
                    TokenBlock<T>.Transpose(width, padded, state, padded, transposed, width);
                    (int from, int to) = Workers.Range(inputs.Rows.Queries, _chunks, chunk);
                    for (int token = from; token < to; token += block)
                    {
                        int rows = Math.Min(block, to - token);
                        float* q = inputs.Rows.Q.At(image, token, channel);
                        float* dOutput = gradients.DOutput.At(image, token, channel);
                        if (TokenBlock<T>.IsZero(rows, layout.HeadDim, dOutput, gradients.DOutput.RowStride))
                        {
                            TokenBlock<T>.Clear(rows, layout.HeadDim, gradients.DQ.At(image, token, channel), gradients.DQ.RowStride);
                            continue;
                        }
                        FeaturesAndSlopes(
                            layout, rows, q, inputs.Rows.Q.RowStride, null, 0, null,
                            inputs.InverseScale + channel, inputs.Power + channel, features, slope, curve);
                        BlockProduct<T>.Run(
                            rows, width, half, dOutput, gradients.DOutput.RowStride, 1, transposed, width, same, featureRow, accumulate: false);
                        BlockProduct<T>.Run(
                            rows, width, layout.HeadDim - half, dOutput + half, gradients.DOutput.RowStride, 1,
                            transposed + (half * width), width, opposite, featureRow, accumulate: false);
                        RowFactors(layout, rows, features, mean, same, opposite, rowFactors);
                        FeatureGradients(layout, rows, features, mean, same, opposite, rowFactors, dMean);
                        Normalize(
                            layout, rows, dOutput, gradients.DOutput.RowStride, rowFactors, rowFactors + block, leftHalf, rightHalf,
                            scaled, padded, padded);
                        BlockProduct<T>.Run(
                            width, padded, rows, features, 1, featureRow, scaled, padded, dState, padded, accumulate: true);
                        InputGradients(
                            layout, rows, q, inputs.Rows.Q.RowStride, null, 0, inputs.InverseScale + channel, same, null, slope, curve,
                            gradients.DQ.At(image, token, channel), gradients.DQ.RowStride,
                            dMean + width);
                    }
                }
            }
        }

        /// <summary>Adds up the chunks' ∂W and ∂m in order, divides by n and turns ∂W into ∂S.</summary>
        private readonly struct FinishGradientBody(
            PolarityAttentionInputs inputs, PolarityAttentionGradients gradients, PolarityLayout layout) : IParallelBody
        {
            private readonly int _chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);

            public int Parts => layout.Parts(inputs.Rows.Batch * inputs.Rows.Heads, _chunks);

            public void Run(int part)
            {
                (int first, int end) = Workers.Range(inputs.Rows.Batch * inputs.Rows.Heads, Parts, part);
                for (int pair = first; pair < end; pair++)
                {
                    float* dState = gradients.Workspace + ((long)pair * _chunks * QueryUnit(layout));
                    SumAndExchange(layout, dState, QueryUnit(layout), _chunks, 1f / inputs.Rows.Keys);
                }
            }
        }

        private readonly struct KeyGradientBody(
            PolarityAttentionInputs inputs, PolarityAttentionGradients gradients, PolarityLayout layout) : IParallelBody
        {
            private readonly int _chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Keys);
            private readonly int _queryChunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);

            private int Units => inputs.Rows.Batch * inputs.Rows.Heads * _chunks;

            public int Parts => layout.Parts(Units, inputs.Rows.Keys / _chunks * 2);

            public void Run(int part)
            {
                (int width, int padded, int block, int featureRow) = (layout.Width, layout.Padded, PolarityLayout.Block, layout.FeatureRow);
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, (block * ((2 * featureRow) + (3 * padded))) + (padded * width));
                float* dFeatures = features + (block * featureRow);
                float* slope = dFeatures + (block * featureRow);
                float* curve = slope + (block * padded);
                float* dValues = curve + (block * padded);
                float* transposed = dValues + (block * padded);
                int channels = inputs.Rows.Heads * layout.HeadDim;
                (int first, int end) = Workers.Range(Units, Parts, part);
                for (int unit = first; unit < end; unit++)
                {
                    (int pair, int chunk) = Math.DivRem(unit, _chunks);
                    (int image, int head) = Math.DivRem(pair, inputs.Rows.Heads);
                    int channel = head * layout.HeadDim;
                    float* dState = gradients.Workspace + ((long)pair * _queryChunks * QueryUnit(layout));
                    float* dMean = dState + (width * padded);
                    float* sums = KeyUnits(inputs, gradients, layout) + ((long)unit * 2 * padded);
                    new Span<float>(sums, 2 * padded).Clear();
                    TokenBlock<T>.Transpose(width, padded, dState, padded, transposed, width);
                    (int from, int to) = Workers.Range(inputs.Rows.Keys, _chunks, chunk);
                    for (int token = from; token < to; token += block)
                    {
                        int rows = Math.Min(block, to - token);
                        float* k = inputs.Rows.K.At(image, token, channel);
                        float* v = inputs.Rows.V.At(image, token, channel);
                        float* dK = gradients.DK.At(image, token, channel), dV = gradients.DV.At(image, token, channel);
                        float* mask = MaskAt(inputs, image, token);
                        if (IsPadding(mask, rows))
                        {
                            TokenBlock<T>.Clear(rows, layout.HeadDim, dK, gradients.DK.RowStride);
                            TokenBlock<T>.Clear(rows, layout.HeadDim, dV, gradients.DV.RowStride);
                            continue;
                        }
                        float* position = inputs.KeyPosition == null ? null : inputs.KeyPosition + ((nint)token * channels) + channel;
                        FeaturesAndSlopes(
                            layout, rows, k, inputs.Rows.K.RowStride, position, channels, mask,
                            inputs.InverseScale + channel, inputs.Power + channel, features, slope, curve);
                        BlockProduct<T>.Run(
                            rows, width, layout.HeadDim, v, inputs.Rows.V.RowStride, 1, transposed, width, dFeatures, featureRow, accumulate: false);
                        BlockProduct<T>.Run(
                            rows, padded, width, features, featureRow, 1, dState, padded, dValues, padded, accumulate: false);
                        TokenBlock<T>.Store(
                            rows, layout.HeadDim, padded, dValues, 1, dV, gradients.DV.RowStride);
                        InputGradients(
                            layout, rows, k, inputs.Rows.K.RowStride, position, channels, inputs.InverseScale + channel, dFeatures, dMean,
                            slope, curve, dK, gradients.DK.RowStride, sums);
                    }
                }
            }
        }

        /// <summary>∂s and ∂p of the channels of one head: the sums of the units, in the order of images and chunks.</summary>
        private readonly struct ChannelBody(
            PolarityAttentionInputs inputs, PolarityAttentionGradients gradients, PolarityLayout layout) : IParallelBody
        {
            public void Run(int head)
            {
                (int padded, int pairs) = (layout.Padded, inputs.Rows.Batch * inputs.Rows.Heads);
                float* sums = ThreadScratch.Floats(ScratchPurpose.Attention, 2 * padded);
                new Span<float>(sums, 2 * padded).Clear();
                Add(sums, gradients.Workspace + layout.State, QueryUnit(layout), PolarityLayout.Chunks(pairs, inputs.Rows.Queries), head);
                Add(sums, KeyUnits(inputs, gradients, layout), 2 * padded, PolarityLayout.Chunks(pairs, inputs.Rows.Keys), head);
                new Span<float>(sums, layout.HeadDim).CopyTo(
                    new Span<float>(gradients.DInverseScale + (head * layout.HeadDim), layout.HeadDim));
                new Span<float>(sums + padded, layout.HeadDim).CopyTo(
                    new Span<float>(gradients.DPower + (head * layout.HeadDim), layout.HeadDim));
            }

            private void Add(float* sums, float* units, int unit, int chunks, int head)
            {
                for (int image = 0; image < inputs.Rows.Batch; image++)
                {
                    for (int chunk = 0; chunk < chunks; chunk++)
                    {
                        float* addend = units + ((((((long)image * inputs.Rows.Heads) + head) * chunks) + chunk) * unit);
                        for (int j = 0; j < 2 * layout.Padded; j += T.Count)
                            T.Store(T.Load(sums + j) + T.Load(addend + j), sums + j);
                    }
                }
            }
        }

        /// <summary>z, z', c and c' of each row (numbers 2 and 3 above), each <c>Block</c> floats long.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void RowFactors(
            in PolarityLayout layout, int rows, float* features, float* mean, float* same, float* opposite, float* factors)
        {
            for (int row = 0; row < rows; row++)
            {
                T sameMean = T.Zero, oppositeMean = T.Zero, sameDot = T.Zero, oppositeDot = T.Zero;
                for (int j = 0; j < layout.Padded; j += T.Count)
                {
                    T positive = T.Load(features + j), negative = T.Load(features + layout.Padded + j);
                    T meanPositive = T.Load(mean + j), meanNegative = T.Load(mean + layout.Padded + j);
                    sameMean = T.MultiplyAdd(positive, meanPositive, T.MultiplyAdd(negative, meanNegative, sameMean));
                    oppositeMean = T.MultiplyAdd(negative, meanPositive, T.MultiplyAdd(positive, meanNegative, oppositeMean));
                    sameDot = T.MultiplyAdd(
                        positive, T.Load(same + j),
                        T.MultiplyAdd(negative, T.Load(same + layout.Padded + j), sameDot));
                    oppositeDot = T.MultiplyAdd(
                        positive, T.Load(opposite + j),
                        T.MultiplyAdd(negative, T.Load(opposite + layout.Padded + j), oppositeDot));
                }
                (float z, float zOpposite) = (1 / (T.Sum(sameMean) + Epsilon), 1 / (T.Sum(oppositeMean) + Epsilon));
                factors[row] = z;
                factors[PolarityLayout.Block + row] = zOpposite;
                factors[(2 * PolarityLayout.Block) + row] = -z * (z * T.Sum(sameDot));
                factors[(3 * PolarityLayout.Block) + row] = -zOpposite * (zOpposite * T.Sum(oppositeDot));
                features += layout.FeatureRow;
                same += layout.FeatureRow;
                opposite += layout.FeatureRow;
            }
        }

        /// <summary>∂L/∂φ(q̃) into <paramref name="same"/> in place (number 3 above); ∂L/∂m added to (4).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void FeatureGradients(
            in PolarityLayout layout, int rows, float* features, float* mean, float* same, float* opposite, float* factors, float* dMean)
        {
            for (int j = 0; j < layout.Padded; j += T.Count)
            {
                T meanPositive = T.Load(mean + j), meanNegative = T.Load(mean + layout.Padded + j);
                T dMeanPositive = T.Load(dMean + j), dMeanNegative = T.Load(dMean + layout.Padded + j);
                for (int row = 0; row < rows; row++)
                {
                    int at = (row * layout.FeatureRow) + j;
                    T z = T.Create(factors[row]), zOpposite = T.Create(factors[PolarityLayout.Block + row]);
                    T c = T.Create(factors[(2 * PolarityLayout.Block) + row]);
                    T cOpposite = T.Create(factors[(3 * PolarityLayout.Block) + row]);
                    T positive = T.Load(features + at), negative = T.Load(features + at + layout.Padded);
                    dMeanPositive = T.MultiplyAdd(c, positive, T.MultiplyAdd(cOpposite, negative, dMeanPositive));
                    dMeanNegative = T.MultiplyAdd(c, negative, T.MultiplyAdd(cOpposite, positive, dMeanNegative));

                    T throughMean = T.MultiplyAdd(c, meanPositive, (cOpposite * meanNegative));
                    T throughState = T.MultiplyAdd(
                        z, T.Load(same + at), (zOpposite * T.Load(opposite + at)));
                    T.Store(throughState + throughMean, same + at);

                    at += layout.Padded;
                    throughMean = T.MultiplyAdd(c, meanNegative, (cOpposite * meanPositive));
                    throughState = T.MultiplyAdd(
                        z, T.Load(same + at), (zOpposite * T.Load(opposite + at)));
                    T.Store(throughState + throughMean, same + at);
                }
                T.Store(dMeanPositive, dMean + j);
                T.Store(dMeanNegative, dMean + layout.Padded + j);
            }
        }

        /// <summary>
        /// Number 6 above. <paramref name="dFeatures"/> is ∂L/∂φ, to which a <paramref name="shared"/> row is added unless
        /// null; <paramref name="sums"/> takes ∂s and then ∂p (Padded each).
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void InputGradients(
            in PolarityLayout layout, int rows, float* x, nint xRow, float* position, nint positionRow, float* inverseScale,
            float* dFeatures, float* shared, float* slope, float* curve, float* dX, nint dXRow, float* sums)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int j = 0; j < layout.Padded; j += T.Count)
                {
                    int left = layout.HeadDim - j;
                    T input = Lanes.Load<T>(x + j, left);
                    if (position != null)
                        input += Lanes.Load<T>(position + j, left);
                    T positive = T.Load(dFeatures + j), negative = T.Load(dFeatures + layout.Padded + j);
                    if (shared != null)
                    {
                        positive += T.Load(shared + j);
                        negative += T.Load(shared + layout.Padded + j);
                    }
                    T dFeature = T.Select(T.GreaterThan(input, T.Zero), positive, negative);
                    T dScaled = dFeature * T.Load(slope + j);
                    TokenBlock<T>.Prefetch(dX + (rows * dXRow) + j);
                    Lanes.Store(dScaled * Lanes.Load<T>(inverseScale + j, left), dX + j, left);
                    T.Store(T.MultiplyAdd(dScaled, input, T.Load(sums + j)), sums + j);
                    float* dPower = sums + layout.Padded + j;
                    T.Store(T.MultiplyAdd(dFeature, T.Load(curve + j), T.Load(dPower)), dPower);
                }
                x += xRow;
                position += position == null ? 0 : positionRow;
                dFeatures += layout.FeatureRow;
                slope += layout.Padded;
                curve += layout.Padded;
                dX += dXRow;
            }
        }
    }
}
