using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class PolarityAttentionPlusPlus
{
    private static partial class Pass<T>
    {
        public static void Forward(in PolarityAttentionPlusPlusInputs inputs, Rows output)
        {
            var layout = new PolarityPlusPlusLayout(inputs.Rows.HeadDim);
            int pairs = inputs.Rows.Batch * inputs.Rows.Heads;
            int chunks = PolarityLayout.Chunks(pairs, inputs.Rows.Queries);
            int parts = layout.Parts(pairs * chunks, inputs.Rows.Queries / chunks);
            Workers.Run(parts, new KeyBody(inputs, layout, parts));
            int finishParts = layout.Parts(pairs, chunks);
            Workers.Run(finishParts, new FinishBody(inputs, layout, inputs.State, layout.State, finishParts));
            Workers.Run(parts, new QueryBody(inputs, layout, parts, output));
        }

        /// <summary>Chunks of the tokens of one (image, head) pair, numbered through.</summary>
        private static (int Pair, int Image, int Channel, int From, int To) Unit(
            in PolarityAttentionPlusPlusInputs inputs, int chunks, int unit)
        {
            (int pair, int chunk) = Math.DivRem(unit, chunks);
            (int image, int head) = Math.DivRem(pair, inputs.Rows.Heads);
            (int from, int to) = Workers.Range(inputs.Rows.Queries, chunks, chunk);
            return (pair, image, head * inputs.Rows.HeadDim, from, to);
        }

        /// <summary>One pass over the keys: the partial state of each unit.</summary>
        private readonly struct KeyBody(PolarityAttentionPlusPlusInputs inputs, PolarityPlusPlusLayout layout, int parts) : IParallelBody
        {
            public void Run(int part)
            {
                int chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, PolarityPlusPlusLayout.Block * (layout.Width + layout.Columns));
                float* values = features + (PolarityPlusPlusLayout.Block * layout.Width);
                (int first, int end) = Workers.Range(inputs.Rows.Batch * inputs.Rows.Heads * chunks, parts, part);
                for (int number = first; number < end; number++)
                {
                    (_, int image, int channel, int from, int to) = Unit(inputs, chunks, number);
                    float* state = inputs.State + ((long)number * layout.State);
                    float* sum = state + (layout.Width * layout.Columns);
                    new Span<float>(sum, layout.Width).Clear();
                    for (int token = from; token < to; token += PolarityPlusPlusLayout.Block)
                    {
                        int rows = Math.Min(PolarityPlusPlusLayout.Block, to - token);
                        float* v = inputs.Rows.V.At(image, token, channel);
                        nint vRow = inputs.Rows.V.RowStride;
                        KeyFeatures(
                            layout, rows, inputs.Rows.K.At(image, token, channel), inputs.Rows.K.RowStride, v, vRow,
                            features, sum);
                        Rotate(layout, rows, features, inputs.Sin, inputs.Cos, token, back: false, features);
                        if (layout.HalfPadded > layout.Half)
                        {
                            CopyHalves(layout, rows, v, vRow, values);
                            v = values;
                            vRow = layout.Columns;
                        }
                        BlockProduct<T>.Run(
                            layout.Width, layout.Columns, rows, features, 1, layout.Width, v, vRow,
                            state, layout.Columns, accumulate: token > from);
                    }
                }
            }
        }

        /// <summary>Adds up the partial states (or their gradients) in order and divides by n.</summary>
        private readonly struct FinishBody(
            PolarityAttentionPlusPlusInputs inputs, PolarityPlusPlusLayout layout, float* states, int stride, int parts) : IParallelBody
        {
            public void Run(int part)
            {
                int chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);
                T scale = T.Create(1f / inputs.Rows.Queries);
                (int first, int end) = Workers.Range(inputs.Rows.Batch * inputs.Rows.Heads, parts, part);
                for (int pair = first; pair < end; pair++)
                {
                    float* state = states + ((long)pair * chunks * stride);
                    for (int i = 0; i < layout.State; i += T.Count)
                    {
                        T sum = T.Load(state + i);
                        for (int chunk = 1; chunk < chunks; chunk++)
                            sum += T.Load(state + ((long)chunk * stride) + i);
                        T.Store(sum * scale, state + i);
                    }
                }
            }
        }

        /// <summary>One pass over the queries.</summary>
        private readonly struct QueryBody(
            PolarityAttentionPlusPlusInputs inputs, PolarityPlusPlusLayout layout, int parts,
            Rows output) : IParallelBody
        {
            public void Run(int part)
            {
                int chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);
                (int width, int columns, int block) = (layout.Width, layout.Columns, PolarityPlusPlusLayout.Block);
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, block * ((2 * width) + columns + 2));
                float* oppositeFeatures = features + (block * width);
                float* numerators = oppositeFeatures + (block * width);
                float* same = numerators + (block * columns);
                float* opposite = same + block;
                (int first, int end) = Workers.Range(inputs.Rows.Batch * inputs.Rows.Heads * chunks, parts, part);
                for (int number = first; number < end; number++)
                {
                    (int pair, int image, int channel, int from, int to) = Unit(inputs, chunks, number);
                    float* state = inputs.State + ((long)pair * chunks * layout.State);
                    float* mean = state + (width * columns);
                    for (int token = from; token < to; token += block)
                    {
                        int rows = Math.Min(block, to - token);
                        QueryFeatures(
                            layout, rows, inputs.Rows.Q.At(image, token, channel), inputs.Rows.Q.RowStride,
                            inputs.Same + (2 * channel), inputs.Opposite + (2 * channel), features, oppositeFeatures);
                        RotateQueries(
                            layout, rows, features, oppositeFeatures, inputs.Sin, inputs.Cos, token, mean, same, opposite);
                        BlockProduct<T>.Run(
                            rows, layout.HalfPadded, width, features, width, 1, state, columns, numerators, columns, accumulate: false);
                        BlockProduct<T>.Run(
                            rows, layout.HalfPadded, width, oppositeFeatures, width, 1, state + layout.HalfPadded, columns,
                            numerators + layout.HalfPadded, columns, accumulate: false);
                        StoreHalves(
                            layout, rows, numerators, same, opposite,
                            output.At(image, token, channel), output.RowStride);
                    }
                }
            }
        }
    }
}
