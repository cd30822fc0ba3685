using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class PolarityAttention
{
    private static partial class Pass<T>
    {
        public static void Forward(in PolarityAttentionInputs inputs, Rows output)
        {
            var layout = new PolarityLayout(inputs.Rows.HeadDim);
            var keys = new KeyBody(inputs, layout);
            Workers.Run(keys.Parts, keys);
            var finish = new FinishBody(inputs, layout);
            Workers.Run(finish.Parts, finish);
            var queries = new QueryBody(inputs, layout, output);
            Workers.Run(queries.Parts, queries);
        }

        /// <summary>One pass over the keys: the partial state of each chunk of each (image, head) pair.</summary>
        private readonly struct KeyBody(PolarityAttentionInputs inputs, PolarityLayout layout) : IParallelBody
        {
            private readonly int _chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Keys);

            private int Units => inputs.Rows.Batch * inputs.Rows.Heads * _chunks;

            public int Parts => layout.Parts(Units, inputs.Rows.Keys / _chunks);

            public void Run(int part)
            {
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, PolarityLayout.Block * (layout.FeatureRow + layout.Padded));
                float* values = features + (PolarityLayout.Block * layout.FeatureRow);
                (int first, int end) = Workers.Range(Units, Parts, part);
                for (int unit = first; unit < end; unit++)
                {
                    (int pair, int chunk) = Math.DivRem(unit, _chunks);
                    (int image, int head) = Math.DivRem(pair, inputs.Rows.Heads);
                    int channel = head * layout.HeadDim;
                    float* state = inputs.State + ((long)unit * layout.State);
                    float* sum = state + (layout.Width * layout.Padded);
                    new Span<float>(sum, layout.Width).Clear();
                    int channels = inputs.Rows.Heads * layout.HeadDim;
                    (int from, int to) = Workers.Range(inputs.Rows.Keys, _chunks, chunk);
                    bool isEmpty = true;
                    for (int token = from; token < to; token += PolarityLayout.Block)
                    {
                        int rows = Math.Min(PolarityLayout.Block, to - token);
                        float* mask = MaskAt(inputs, image, token);
                        if (IsPadding(mask, rows))
                            continue;
                        float* v = inputs.Rows.V.At(image, token, channel);
                        nint vRow = inputs.Rows.V.RowStride;
                        KeyFeatures(
                            layout, rows, inputs.Rows.K.At(image, token, channel), inputs.Rows.K.RowStride,
                            inputs.KeyPosition == null ? null : inputs.KeyPosition + ((nint)token * channels) + channel, channels, mask, v, vRow,
                            inputs.InverseScale + channel, inputs.Power + channel, features, sum);
                        if (layout.Padded > layout.HeadDim)
                        {
                            TokenBlock<T>.Copy(rows, layout.HeadDim, layout.Padded, v, vRow, values);
                            v = values;
                            vRow = layout.Padded;
                        }
                        BlockProduct<T>.Run(
                            layout.Width, layout.Padded, rows, features, 1, layout.FeatureRow, v, vRow,
                            state, layout.Padded, accumulate: !isEmpty);
                        isEmpty = false;
                    }
                    if (isEmpty)
                        new Span<float>(state, layout.Width * layout.Padded).Clear();
                }
            }
        }

        /// <summary>Adds up the partial states in order, divides by n and exchanges the row halves on the right: S becomes W.</summary>
        private readonly struct FinishBody(PolarityAttentionInputs inputs, PolarityLayout layout) : IParallelBody
        {
            private readonly int _chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Keys);

            public int Parts => layout.Parts(inputs.Rows.Batch * inputs.Rows.Heads, _chunks);

            public void Run(int part)
            {
                (int first, int end) = Workers.Range(inputs.Rows.Batch * inputs.Rows.Heads, Parts, part);
                for (int pair = first; pair < end; pair++)
                {
                    float* state = inputs.State + ((long)pair * _chunks * layout.State);
                    SumAndExchange(layout, state, layout.State, _chunks, 1f / inputs.Rows.Keys);
                }
            }
        }

        /// <summary>One pass over the queries.</summary>
        private readonly struct QueryBody(
            PolarityAttentionInputs inputs, PolarityLayout layout, Rows output) : IParallelBody
        {
            private readonly int _chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);
            private readonly int _keyChunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Keys);

            private int Units => inputs.Rows.Batch * inputs.Rows.Heads * _chunks;

            public int Parts => layout.Parts(Units, inputs.Rows.Queries / _chunks);

            public void Run(int part)
            {
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, (PolarityLayout.Block * (layout.FeatureRow + layout.Padded + 2)) + (2 * layout.Padded));
                float* numerators = features + (PolarityLayout.Block * layout.FeatureRow);
                float* leftHalf = numerators + (PolarityLayout.Block * layout.Padded);
                float* rightHalf = leftHalf + layout.Padded;
                float* same = rightHalf + layout.Padded;
                float* opposite = same + PolarityLayout.Block;
                MarkHalves(layout, leftHalf, rightHalf);
                (int first, int end) = Workers.Range(Units, Parts, part);
                for (int unit = first; unit < end; unit++)
                {
                    (int pair, int chunk) = Math.DivRem(unit, _chunks);
                    (int image, int head) = Math.DivRem(pair, inputs.Rows.Heads);
                    int channel = head * layout.HeadDim;
                    float* state = inputs.State + ((long)pair * _keyChunks * layout.State);
                    (int from, int to) = Workers.Range(inputs.Rows.Queries, _chunks, chunk);
                    for (int token = from; token < to; token += PolarityLayout.Block)
                    {
                        int rows = Math.Min(PolarityLayout.Block, to - token);
                        QueryFeatures(
                            layout, rows, inputs.Rows.Q.At(image, token, channel), inputs.Rows.Q.RowStride,
                            inputs.InverseScale + channel, inputs.Power + channel, state + (layout.Width * layout.Padded),
                            features, same, opposite);
                        BlockProduct<T>.Run(
                            rows, layout.Padded, layout.Width, features, layout.FeatureRow, 1, state, layout.Padded, numerators, layout.Padded, accumulate: false);
                        Normalize(
                            layout, rows, numerators, layout.Padded, same, opposite, leftHalf, rightHalf,
                            output.At(image, token, channel), output.RowStride, layout.HeadDim);
                    }
                }
            }
        }

        /// <summary>Left half of the columns times <paramref name="same"/>, right half times <paramref name="opposite"/>, row by row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Normalize(
            in PolarityLayout layout, int rows, float* source, nint sourceRow, float* same, float* opposite,
            float* leftHalf, float* rightHalf, float* destination, nint destinationRow, int columns)
        {
            for (int row = 0; row < rows; row++)
            {
                T left = T.Create(same[row]), right = T.Create(opposite[row]);
                for (int j = 0; j < layout.Padded; j += T.Count)
                {
                    T factor = T.MultiplyAdd(
                        left, T.Load(leftHalf + j), (right * T.Load(rightHalf + j)));
                    T value = Lanes.Load<T>(source + j, layout.HeadDim - j) * factor;
                    TokenBlock<T>.Prefetch(destination + (rows * destinationRow) + j);
                    Lanes.Store(value, destination + j, columns - j);
                }
                source += sourceRow;
                destination += destinationRow;
            }
        }

        /// <summary>Ones over the left half of the columns and ones over the right; zeros elsewhere.</summary>
        private static void MarkHalves(in PolarityLayout layout, float* leftHalf, float* rightHalf)
        {
            for (int j = 0; j < layout.Padded; j++)
            {
                leftHalf[j] = j < layout.Half ? 1 : 0;
                rightHalf[j] = j >= layout.Half && j < layout.HeadDim ? 1 : 0;
            }
        }

        /// <summary>
        /// Sums of the chunks of a state (<paramref name="stride"/> floats apart), times a factor, into the first; in the right
        /// half of the columns, the rows of positive features change places with those of negative ones.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void SumAndExchange(in PolarityLayout layout, float* state, long stride, int chunks, float factor)
        {
            float* leftHalf = ThreadScratch.Floats(ScratchPurpose.Attention, 2 * layout.Padded);
            float* rightHalf = leftHalf + layout.Padded;
            MarkHalves(layout, leftHalf, rightHalf);
            nint half = layout.Padded * layout.Padded;
            T scale = T.Create(factor);
            for (nint row = 0; row < half; row += layout.Padded)
            {
                for (nint j = 0; j < layout.Padded; j += T.Count)
                {
                    float* at = state + row + j;
                    T positive = T.Load(at), negative = T.Load(at + half);
                    for (int chunk = 1; chunk < chunks; chunk++)
                    {
                        positive += T.Load(at + (chunk * stride));
                        negative += T.Load(at + (chunk * stride) + half);
                    }
                    positive *= scale;
                    negative *= scale;
                    T exchanged = T.GreaterThan(T.Load(rightHalf + j), T.Zero);
                    T.Store(T.Select(exchanged, negative, positive), at);
                    T.Store(T.Select(exchanged, positive, negative), at + half);
                }
            }
            for (int i = layout.Width * layout.Padded; i < layout.State; i += T.Count)
            {
                T sum = T.Load(state + i);
                for (int chunk = 1; chunk < chunks; chunk++)
                    sum += T.Load(state + (chunk * stride) + i);
                T.Store(sum * scale, state + i);
            }
        }
    }
}
