using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <remarks>
/// With P the probabilities and G = ∂L/∂out:
/// <code>
/// 1. P = exp(scale·q·kᵀ + bias + mask − max)·(1/sum),  F the factors of dropped and kept weights
/// 2. ∂v = (P ⊙ F)ᵀ·G
/// 3. D = P ⊙ (F ⊙ G·vᵀ − rowsum(P ⊙ F ⊙ G·vᵀ))
/// 4. ∂q = scale·D·k,  ∂k = scale·Dᵀ·q,  ∂bias = Σ over images of D
/// </code>
/// </remarks>
internal static unsafe partial class SoftmaxAttention
{
    private static partial class Pass<T>
    {
        public static void Backward(in SoftmaxAttentionInputs inputs, in SoftmaxAttentionGradients gradients)
        {
            var layout = new SoftmaxLayout(
                inputs.Rows.Batch, inputs.Rows.Heads, inputs.Rows.HeadDim, inputs.Rows.Queries, inputs.Rows.Keys, biasGradient: gradients.DBias != null);
            if (layout.BiasGradient)
                new Span<float>(gradients.Workspace, checked((int)layout.BiasWorkspace)).Clear();
            Workers.Run(layout.Parts(products: 5), new BackwardBody(inputs, gradients, layout));
            if (layout.Chunks > 1)
                Workers.Run(layout.Batch * layout.Heads, new KeySumBody(inputs, gradients, layout));
            if (layout.BiasGradient)
                Workers.Run(layout.Heads, new BiasSumBody(inputs, gradients, layout));
        }

        private readonly struct BackwardBody(
            SoftmaxAttentionInputs inputs, SoftmaxAttentionGradients gradients, SoftmaxLayout layout) : IParallelBody
        {
            public void Run(int part)
            {
                (int padded, int paddedKeys, int block, int keys) = (layout.Padded, layout.PaddedKeys, layout.Block, inputs.Rows.Keys);
                nint transposedLength = (nint)inputs.Rows.HeadDim * paddedKeys, keyLength = (nint)keys * padded;
                float* scores = ThreadScratch.Floats(ScratchPurpose.Attention, (block * ((2L * paddedKeys) + (3 * padded))) + (2 * transposedLength) + paddedKeys + (3 * keyLength));
                float* dScores = scores + (block * paddedKeys);
                float* queries = dScores + (block * paddedKeys);
                float* dOutputs = queries + (block * padded);
                float* dQueries = dOutputs + (block * padded);
                float* keysTransposed = dQueries + (block * padded);
                float* valuesTransposed = keysTransposed + transposedLength;
                float* factors = valuesTransposed + transposedLength;
                float* keyRows = factors + paddedKeys;
                float* dKeys = keyRows + keyLength;
                float* dValues = dKeys + keyLength;
                new Span<float>(keysTransposed, checked((int)(2 * transposedLength))).Clear();
                (int first, int end) = Workers.Range(layout.Units, layout.Parts(products: 5), part);
                for (int number = first; number < end; number++)
                {
                    (int FirstImage, int EndImage, int Head, int Group, int Chunk, int From, int To) unit = layout.Unit(number);
                    int channel = unit.Head * inputs.Rows.HeadDim;
                    for (int image = unit.FirstImage; image < unit.EndImage; image++)
                    {
                        float* k = inputs.Rows.K.At(image, 0, channel);
                        float* v = inputs.Rows.V.At(image, 0, channel);
                        int seen = KeysSeen(inputs, image);
                        int columns = Lanes.RoundUp(seen, T.Count);
                        bool isEmpty = true;
                        TokenBlock<T>.Copy(seen, inputs.Rows.HeadDim, padded, k, inputs.Rows.K.RowStride, keyRows);
                        TokenBlock<T>.Transpose(seen, inputs.Rows.HeadDim, keyRows, padded, keysTransposed, paddedKeys);
                        TokenBlock<T>.Transpose(seen, inputs.Rows.HeadDim, v, inputs.Rows.V.RowStride, valuesTransposed, paddedKeys);
                        for (int token = unit.From; token < unit.To; token += block)
                        {
                            int rows = Math.Min(block, unit.To - token);
                            float* dQ = gradients.DQ.At(image, token, channel);
                            if (TokenBlock<T>.IsZero(rows, inputs.Rows.HeadDim, gradients.DOutput.At(image, token, channel), gradients.DOutput.RowStride))
                            {
                                TokenBlock<T>.Clear(rows, inputs.Rows.HeadDim, dQ, gradients.DQ.RowStride);
                                continue;
                            }
                            TokenBlock<T>.Copy(
                                rows, inputs.Rows.HeadDim, padded, inputs.Rows.Q.At(image, token, channel),
                                inputs.Rows.Q.RowStride, queries);
                            TokenBlock<T>.Copy(
                                rows, inputs.Rows.HeadDim, padded,
                                gradients.DOutput.At(image, token, channel),
                                gradients.DOutput.RowStride, dOutputs);
                            BlockProduct<T>.Run(
                                rows, columns, inputs.Rows.HeadDim, queries, padded, 1, keysTransposed, paddedKeys,
                                scores, paddedKeys, accumulate: false);
                            BlockProduct<T>.Run(
                                rows, columns, inputs.Rows.HeadDim, dOutputs, padded, 1, valuesTransposed, paddedKeys,
                                dScores, paddedKeys, accumulate: false);
                            float* state = inputs.State + (2 * (((((nint)image * inputs.Rows.Heads) + unit.Head) * inputs.Rows.Queries) + token));
                            for (int row = 0; row < rows; row++)
                            {
                                Probabilities(
                                    inputs, seen, scores + (row * paddedKeys), Bias(inputs, unit.Head, token + row),
                                    Mask(inputs, image, token + row), state[2 * row], state[(2 * row) + 1]);
                                if (inputs.DropProbability > 0)
                                {
                                    DrawFactors<T>(inputs, image, unit.Head, token + row, seen, factors);
                                    Multiply(seen, dScores + (row * paddedKeys), factors);
                                }
                                ScoreGradients(
                                    seen, scores + (row * paddedKeys), dScores + (row * paddedKeys),
                                    DBias(unit.Group, unit.Head, token + row));
                                if (inputs.DropProbability > 0)
                                    Multiply(seen, scores + (row * paddedKeys), factors);
                            }
                            BlockProduct<T>.Run(
                                seen, padded, rows, scores, 1, paddedKeys, dOutputs, padded, dValues, padded, accumulate: !isEmpty);
                            BlockProduct<T>.Run(
                                seen, padded, rows, dScores, 1, paddedKeys, queries, padded, dKeys, padded, accumulate: !isEmpty);
                            isEmpty = false;
                            BlockProduct<T>.Run(
                                rows, padded, seen, dScores, paddedKeys, 1, keyRows, padded, dQueries, padded, accumulate: false);
                            TokenBlock<T>.Store(
                                rows, inputs.Rows.HeadDim, padded, dQueries, inputs.Scale, dQ, gradients.DQ.RowStride);
                        }
                        int zeros = isEmpty ? 0 : seen;
                        new Span<float>(dKeys + ((nint)zeros * padded), (keys - zeros) * padded).Clear();
                        new Span<float>(dValues + ((nint)zeros * padded), (keys - zeros) * padded).Clear();
                        if (layout.Chunks == 1)
                        {
                            StoreKeyGradients(inputs, gradients, padded, image, channel, dKeys, dValues);
                        }
                        else
                        {
                            float* partial = KeyPartial(gradients, layout, keyLength, image, unit.Head, unit.Chunk);
                            new Span<float>(dKeys, checked((int)(2 * keyLength))).CopyTo(new Span<float>(partial, checked((int)(2 * keyLength))));
                        }
                    }
                }
            }

            private float* DBias(int group, int head, int query) =>
                layout.BiasGradient
                    ? gradients.Workspace + ((((((nint)group * inputs.Rows.Heads) + head) * inputs.Rows.Queries) + query) * inputs.Rows.Keys)
                    : null;
        }

        /// <summary>Adds up ∂k and ∂v of the chunks of queries, in order.</summary>
        private readonly struct KeySumBody(
            SoftmaxAttentionInputs inputs, SoftmaxAttentionGradients gradients, SoftmaxLayout layout) : IParallelBody
        {
            public void Run(int pair)
            {
                (int image, int head) = Math.DivRem(pair, inputs.Rows.Heads);
                nint keyLength = (nint)inputs.Rows.Keys * layout.Padded;
                float* sum = KeyPartial(gradients, layout, keyLength, image, head, 0);
                Sum(sum, 2 * keyLength, layout.Chunks, 2 * keyLength);
                StoreKeyGradients(inputs, gradients, layout.Padded, image, head * inputs.Rows.HeadDim, sum, sum + keyLength);
            }
        }

        /// <summary>Adds up ∂bias of the groups of images, in order.</summary>
        private readonly struct BiasSumBody(
            SoftmaxAttentionInputs inputs, SoftmaxAttentionGradients gradients, SoftmaxLayout layout) : IParallelBody
        {
            public void Run(int head)
            {
                nint length = (nint)inputs.Rows.Queries * inputs.Rows.Keys;
                float* result = gradients.DBias + (head * length);
                for (nint i = 0; i < length; i += T.Count)
                {
                    int left = (int)Math.Min(T.Count, length - i);
                    T sum = T.Zero;
                    for (int group = 0; group < layout.Groups; group++)
                        sum += T.LoadPartial(gradients.Workspace + ((((nint)group * inputs.Rows.Heads) + head) * length) + i, left);
                    T.StorePartial(sum, result + i, left);
                }
            }
        }

        private static float* KeyPartial(
            in SoftmaxAttentionGradients gradients, in SoftmaxLayout layout, nint keyLength, int image, int head, int chunk) =>
            gradients.Workspace + (nint)layout.BiasWorkspace
                + ((((((nint)image * layout.Heads) + head) * layout.Chunks) + chunk) * 2 * keyLength);

        private static void StoreKeyGradients(
            in SoftmaxAttentionInputs inputs, in SoftmaxAttentionGradients gradients, int padded, int image, int channel,
            float* dKeys, float* dValues)
        {
            TokenBlock<T>.Store(
                inputs.Rows.Keys, inputs.Rows.HeadDim, padded, dKeys, inputs.Scale,
                gradients.DK.At(image, 0, channel), gradients.DK.RowStride);
            TokenBlock<T>.Store(
                inputs.Rows.Keys, inputs.Rows.HeadDim, padded, dValues, 1,
                gradients.DV.At(image, 0, channel), gradients.DV.RowStride);
        }

        /// <summary>values += the arrays behind it, <paramref name="stride"/> floats apart.</summary>
        private static void Sum(float* values, nint length, int count, nint stride)
        {
            for (nint i = 0; i < length; i += T.Count)
            {
                T sum = T.Load(values + i);
                for (int other = 1; other < count; other++)
                    sum += T.Load(values + (other * stride) + i);
                T.Store(sum, values + i);
            }
        }

        /// <summary>line = exp(scale·line + bias + mask − maximum)·factor, 0 behind the last key (number 1 above).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Probabilities(
            in SoftmaxAttentionInputs inputs, int keys, float* line, float* bias, float* mask, float maximum, float factor)
        {
            T scale = T.Create(inputs.Scale), shift = T.Create(maximum), normalizer = T.Create(factor);
            int j = 0;
            for (; j + T.Count <= keys; j += T.Count)
            {
                T score = T.Load(line + j) * scale;
                if (bias != null)
                    score += T.Load(bias + j);
                if (mask != null)
                    score += T.Load(mask + j);
                T.Store(VectorMath.ExpOrZero(score - shift) * normalizer, line + j);
            }
            if (j < keys)
            {
                int left = keys - j;
                T score = T.Load(line + j) * scale;
                if (bias != null)
                    score += T.LoadPartial(bias + j, left);
                if (mask != null)
                    score += T.LoadPartial(mask + j, left);
                T.Store(T.FirstLanes(left) & (VectorMath.ExpOrZero(score - shift) * normalizer), line + j);
            }
        }

        /// <summary>gradients = P ⊙ (gradients − sum of P ⊙ gradients), also added to ∂bias unless null (numbers 3 and 4).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void ScoreGradients(int keys, float* probabilities, float* gradients, float* dBias)
        {
            // Divided by the row's own sum, which rounding keeps a little off 1: rows of D then sum to 0 as closely as they can.
            T dot = T.Zero, total = T.Zero;
            for (int j = 0; j < keys; j += T.Count)
            {
                T probability = T.Load(probabilities + j);
                dot = T.MultiplyAdd(probability, T.Load(gradients + j), dot);
                total += probability;
            }

            T mean = T.Create(T.Sum(dot) / T.Sum(total));
            for (int j = 0; j < keys; j += T.Count)
            {
                T gradient = T.Load(probabilities + j) * (T.Load(gradients + j) - mean);
                T.Store(gradient, gradients + j);
                if (dBias == null)
                    continue;
                if (keys - j >= T.Count)
                    T.Store(T.Load(dBias + j) + gradient, dBias + j);
                else
                    T.StorePartial(T.LoadPartial(dBias + j, keys - j) + gradient, dBias + j, keys - j);
            }
        }
    }
}
