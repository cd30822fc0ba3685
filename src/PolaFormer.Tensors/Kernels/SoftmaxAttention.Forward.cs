using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class SoftmaxAttention
{
    private static partial class Pass<T>
    {
        public static void Forward(in SoftmaxAttentionInputs inputs, Rows output)
        {
            var layout = new SoftmaxLayout(inputs.Rows.Batch, inputs.Rows.Heads, inputs.Rows.HeadDim, inputs.Rows.Queries, inputs.Rows.Keys, biasGradient: false);
            Workers.Run(layout.Parts(products: 2), new ForwardBody(inputs, layout, output));
        }

        private readonly struct ForwardBody(
            SoftmaxAttentionInputs inputs, SoftmaxLayout layout, Rows output) : IParallelBody
        {
            public void Run(int part)
            {
                (int padded, int paddedKeys, int block, int keys) = (layout.Padded, layout.PaddedKeys, layout.Block, inputs.Rows.Keys);
                float* scores = ThreadScratch.Floats(ScratchPurpose.Attention, ((long)block * (paddedKeys + padded)) + ((inputs.Rows.HeadDim + 1L) * paddedKeys) + ((long)keys * padded));
                float* sums = scores + (block * paddedKeys);
                float* transposed = sums + (block * padded);
                float* factors = transposed + ((nint)inputs.Rows.HeadDim * paddedKeys);
                float* values = factors + paddedKeys;
                new Span<float>(transposed, inputs.Rows.HeadDim * paddedKeys).Clear();
                (int first, int end) = Workers.Range(layout.Units, layout.Parts(products: 2), part);
                for (int number = first; number < end; number++)
                {
                    (int FirstImage, int EndImage, int Head, int Group, int Chunk, int From, int To) unit = layout.Unit(number);
                    (int image, int channel) = (unit.FirstImage, unit.Head * inputs.Rows.HeadDim);
                    int seen = KeysSeen(inputs, image);
                    int columns = Lanes.RoundUp(seen, T.Count);
                    TokenBlock<T>.Transpose(
                        seen, inputs.Rows.HeadDim, inputs.Rows.K.At(image, 0, channel), inputs.Rows.K.RowStride, transposed, paddedKeys);
                    TokenBlock<T>.Copy(seen, inputs.Rows.HeadDim, padded, inputs.Rows.V.At(image, 0, channel), inputs.Rows.V.RowStride, values);
                    for (int token = unit.From; token < unit.To; token += block)
                    {
                        int rows = Math.Min(block, unit.To - token);
                        BlockProduct<T>.Run(
                            rows, columns, inputs.Rows.HeadDim, inputs.Rows.Q.At(image, token, channel), inputs.Rows.Q.RowStride, 1,
                            transposed, paddedKeys, scores, paddedKeys, accumulate: false);
                        float* state = inputs.State + (2 * (((((nint)image * inputs.Rows.Heads) + unit.Head) * inputs.Rows.Queries) + token));
                        for (int row = 0; row < rows; row++)
                        {
                            float* line = scores + (row * paddedKeys);
                            float maximum = Scores(inputs, seen, line, Bias(inputs, unit.Head, token + row), Mask(inputs, image, token + row));
                            float sum = Exponentials(seen, line, maximum);
                            state[2 * row] = maximum;
                            state[(2 * row) + 1] = 1 / sum;
                            if (inputs.DropProbability == 0)
                                continue;
                            DrawFactors<T>(inputs, image, unit.Head, token + row, seen, factors);
                            Multiply(seen, line, factors);
                        }
                        BlockProduct<T>.Run(
                            rows, padded, seen, scores, paddedKeys, 1, values, padded, sums, padded, accumulate: false);
                        Normalize(
                            rows, inputs.Rows.HeadDim, padded, sums, state,
                            output.At(image, token, channel), output.RowStride);
                    }
                }
            }
        }

        /// <summary>The row of the bias that belongs to a query, or null.</summary>
        private static float* Bias(in SoftmaxAttentionInputs inputs, int head, int query) =>
            inputs.Bias == null ? null : inputs.Bias + ((((nint)head * inputs.Rows.Queries) + query) * inputs.Rows.Keys);

        private static float* Mask(in SoftmaxAttentionInputs inputs, int image, int query) =>
            inputs.Mask == null ? null : inputs.Mask + ((((nint)(image % inputs.MaskGroups) * inputs.MaskRows) + (inputs.MaskRows == 1 ? 0 : query)) * inputs.Rows.Keys);

        /// <summary>line = scale·line + bias + mask, −∞ behind the last key; returns the maximum.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static float Scores(in SoftmaxAttentionInputs inputs, int keys, float* line, float* bias, float* mask)
        {
            T scale = T.Create(inputs.Scale), maximum = T.Create(float.NegativeInfinity);
            int j = 0;
            for (; j + T.Count <= keys; j += T.Count)
            {
                T score = T.Load(line + j) * scale;
                if (bias != null)
                    score += T.Load(bias + j);
                if (mask != null)
                    score += T.Load(mask + j);
                T.Store(score, line + j);
                maximum = T.Max(maximum, score);
            }
            if (j < keys)
            {
                int left = keys - j;
                T score = T.Load(line + j) * scale;
                if (bias != null)
                    score += T.LoadPartial(bias + j, left);
                if (mask != null)
                    score += T.LoadPartial(mask + j, left);
                score = T.Select(T.FirstLanes(left), score, T.Create(float.NegativeInfinity));
                T.Store(score, line + j);
                maximum = T.Max(maximum, score);
            }
            return T.MaxLane(maximum);
        }

        /// <summary>line = exp(line − maximum); returns the sum.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static float Exponentials(int keys, float* line, float maximum)
        {
            T shift = T.Create(maximum), sum = T.Zero;
            for (int j = 0; j < keys; j += T.Count)
            {
                T value = VectorMath.ExpOrZero(T.Load(line + j) - shift);
                T.Store(value, line + j);
                sum += value;
            }
            return T.Sum(sum);
        }

        /// <summary>line = line ⊙ factors, to the end of the last vector.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Multiply(int keys, float* line, float* factors)
        {
            for (int j = 0; j < keys; j += T.Count)
                T.Store(T.Load(line + j) * T.Load(factors + j), line + j);
        }

        /// <summary>output = sums / sum of the row's exponentials.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Normalize(int rows, int columns, int padded, float* sums, float* state, float* output, nint outputRow)
        {
            for (int row = 0; row < rows; row++)
            {
                T factor = T.Create(state[(2 * row) + 1]);
                for (int j = 0; j < columns; j += T.Count)
                    Lanes.Store(T.Load(sums + j) * factor, output + j, columns - j);
                sums += padded;
                output += outputRow;
            }
        }
    }
}
