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

            // Where several units read the keys and values of a head, these are laid out once.
            float* shared = null;
            int pairs = inputs.Rows.Batch * inputs.Rows.Heads;
            if (layout.Chunks > 1 && pairs * KeyFloats(inputs, layout) <= SharedFloats)
            {
                shared = ThreadScratch.Floats(ScratchPurpose.GemmShared, pairs * KeyFloats(inputs, layout));
                Workers.Run(pairs, new KeyBody(inputs, layout, shared));
            }

            Workers.Run(layout.Parts(products: 2), new ForwardBody(inputs, layout, shared, output));
        }

        /// <summary>Floats of keys and values that are laid out for all units: 16 MiB.</summary>
        private const int SharedFloats = 1 << 22;

        /// <summary>Keys of a panel, in which they lie side by side: as many as a register tile is wide.</summary>
        private static int PanelKeys => 2 * T.Count;

        /// <summary>Keys whose weights and values are multiplied before the next: all row tiles read them from the nearer caches.</summary>
        private const int DepthKeys = 512;

        private static nint PanelFloats(in SoftmaxAttentionInputs inputs) => Lanes.RoundUp(inputs.Rows.Keys, PanelKeys) * (nint)inputs.Rows.HeadDim;

        /// <summary>Floats of a head's keys, in panels, and its values behind them.</summary>
        private static nint KeyFloats(in SoftmaxAttentionInputs inputs, in SoftmaxLayout layout) => PanelFloats(inputs) + ((nint)inputs.Rows.Keys * layout.Padded);

        private static void LayOut(in SoftmaxAttentionInputs inputs, in SoftmaxLayout layout, int image, int channel, float* panels)
        {
            int seen = KeysSeen(inputs, image), dim = inputs.Rows.HeadDim;
            for (int key = 0; key < seen; key += PanelKeys)
                Gemm.Pack(inputs.Rows.K.At(image, key, channel), inputs.Rows.K.RowStride, 1, Math.Min(PanelKeys, seen - key), dim, panels + ((nint)key * dim), PanelKeys);
            TokenBlock<T>.Copy(seen, dim, layout.Padded, inputs.Rows.V.At(image, 0, channel), inputs.Rows.V.RowStride, panels + PanelFloats(inputs));
        }

        private readonly struct KeyBody(SoftmaxAttentionInputs inputs, SoftmaxLayout layout, float* target) : IParallelBody
        {
            public void Run(int part)
            {
                (int image, int head) = Math.DivRem(part, inputs.Rows.Heads);
                LayOut(inputs, layout, image, head * inputs.Rows.HeadDim, target + (part * KeyFloats(inputs, layout)));
            }
        }

        private readonly struct ForwardBody(
            SoftmaxAttentionInputs inputs, SoftmaxLayout layout, float* shared, Rows output) : IParallelBody
        {
            public void Run(int part)
            {
                (int padded, int scoreRow, int block, int dim) = (layout.Padded, layout.ScoreRow, layout.Block, inputs.Rows.HeadDim);
                float* scores = ThreadScratch.Floats(ScratchPurpose.Attention, ((long)block * (scoreRow + padded)) + scoreRow + (shared == null ? KeyFloats(inputs, layout) : 0));
                float* sums = scores + (block * scoreRow);
                float* factors = sums + (block * padded);
                float* own = factors + scoreRow;
                (int first, int end) = Workers.Range(layout.Units, layout.Parts(products: 2), part);
                for (int number = first; number < end; number++)
                {
                    (int FirstImage, int EndImage, int Head, int Group, int Chunk, int From, int To) unit = layout.Unit(number);
                    (int image, int channel) = (unit.FirstImage, unit.Head * dim);
                    int seen = KeysSeen(inputs, image);
                    int columns = Lanes.RoundUp(seen, T.Count);
                    float* panels = shared == null ? own : shared + ((((nint)image * inputs.Rows.Heads) + unit.Head) * KeyFloats(inputs, layout));
                    float* values = panels + PanelFloats(inputs);
                    if (shared == null)
                        LayOut(inputs, layout, image, channel, own);
                    for (int token = unit.From; token < unit.To; token += block)
                    {
                        int rows = Math.Min(block, unit.To - token);
                        for (int key = 0; key < columns; key += PanelKeys)
                        {
                            BlockProduct<T>.Run(
                                rows, Math.Min(PanelKeys, columns - key), dim, inputs.Rows.Q.At(image, token, channel), inputs.Rows.Q.RowStride, 1,
                                panels + ((nint)key * dim), PanelKeys, scores + key, scoreRow, accumulate: false);
                        }

                        float* state = inputs.State + (2 * (((((nint)image * inputs.Rows.Heads) + unit.Head) * inputs.Rows.Queries) + token));
                        for (int row = 0; row < rows; row++)
                        {
                            float* line = scores + (row * scoreRow);
                            float maximum = Scores(inputs, seen, line, Bias(inputs, unit.Head, token + row), Mask(inputs, image, token + row));
                            float sum = Exponentials(seen, line, maximum);
                            state[2 * row] = maximum;
                            state[(2 * row) + 1] = 1 / sum;
                            if (inputs.DropProbability == 0)
                                continue;
                            DrawFactors<T>(inputs, image, unit.Head, token + row, seen, factors);
                            Multiply(seen, line, factors);
                        }
                        for (int key = 0; key == 0 || key < seen; key += DepthKeys)
                        {
                            BlockProduct<T>.Run(
                                rows, padded, Math.Min(DepthKeys, seen - key), scores + key, scoreRow, 1, values + ((nint)key * padded), padded, sums, padded, accumulate: key > 0);
                        }

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
