using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class PolarityAttentionPlusPlus
{
    private static partial class Pass<T>
    {
        public static void Forward(in PolarityAttentionPlusPlusInputs inputs, Rows output)
        {
            var layout = new PolarityPlusPlusLayout(inputs.Rows.HeadDim);
            var pairs = inputs.Rows.Batch * inputs.Rows.Heads;
            var chunks = PolarityLayout.Chunks(pairs, inputs.Rows.Queries);
            var parts = layout.Parts(pairs * chunks, inputs.Rows.Queries / chunks);
            Workers.Run(parts, new KeyBody(inputs, layout, parts));
            var finishParts = layout.Parts(pairs, chunks);
            Workers.Run(finishParts, new FinishBody(inputs, layout, inputs.State, layout.State, finishParts));
            Workers.Run(parts, new QueryBody(inputs, layout, parts, output));
        }

        /// <summary>Chunks of the tokens of one (image, head) pair, numbered through.</summary>
        private static (int Pair, int Image, int Channel, int From, int To) Unit(
            in PolarityAttentionPlusPlusInputs inputs, int chunks, int unit)
        {
            var (pair, chunk) = Math.DivRem(unit, chunks);
            var (image, head) = Math.DivRem(pair, inputs.Rows.Heads);
            var (from, to) = Workers.Range(inputs.Rows.Queries, chunks, chunk);
            return (pair, image, head * inputs.Rows.HeadDim, from, to);
        }

        /// <summary>One pass over the keys: the partial state of each unit.</summary>
        private readonly struct KeyBody(PolarityAttentionPlusPlusInputs inputs, PolarityPlusPlusLayout layout, int parts) : IParallelBody
        {
            public void Run(int part)
            {
                var chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);
                var features = ThreadScratch.Floats(ScratchPurpose.Attention, PolarityPlusPlusLayout.Block * (layout.Width + layout.Columns));
                var values = features + PolarityPlusPlusLayout.Block * layout.Width;
                var (first, end) = Workers.Range(inputs.Rows.Batch * inputs.Rows.Heads * chunks, parts, part);
                for (var number = first; number < end; number++)
                {
                    var (_, image, channel, from, to) = Unit(inputs, chunks, number);
                    var state = inputs.State + (long)number * layout.State;
                    var sum = state + layout.Width * layout.Columns;
                    new Span<float>(sum, layout.Width).Clear();
                    for (var token = from; token < to; token += PolarityPlusPlusLayout.Block)
                    {
                        var rows = Math.Min(PolarityPlusPlusLayout.Block, to - token);
                        var v = inputs.Rows.V.At(image, token, channel);
                        var vRow = inputs.Rows.V.RowStride;
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
                var chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);
                var scale = T.Create(1f / inputs.Rows.Queries);
                var (first, end) = Workers.Range(inputs.Rows.Batch * inputs.Rows.Heads, parts, part);
                for (var pair = first; pair < end; pair++)
                {
                    var state = states + (long)pair * chunks * stride;
                    for (var i = 0; i < layout.State; i += T.Count)
                    {
                        var sum = T.Load(state + i);
                        for (var chunk = 1; chunk < chunks; chunk++) sum += T.Load(state + (long)chunk * stride + i);
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
                var chunks = PolarityLayout.Chunks(inputs.Rows.Batch * inputs.Rows.Heads, inputs.Rows.Queries);
                var (width, columns, block) = (layout.Width, layout.Columns, PolarityPlusPlusLayout.Block);
                var features = ThreadScratch.Floats(ScratchPurpose.Attention, block * (2 * width + columns + 2));
                var oppositeFeatures = features + block * width;
                var numerators = oppositeFeatures + block * width;
                var same = numerators + block * columns;
                var opposite = same + block;
                var (first, end) = Workers.Range(inputs.Rows.Batch * inputs.Rows.Heads * chunks, parts, part);
                for (var number = first; number < end; number++)
                {
                    var (pair, image, channel, from, to) = Unit(inputs, chunks, number);
                    var state = inputs.State + (long)pair * chunks * layout.State;
                    var mean = state + width * columns;
                    for (var token = from; token < to; token += block)
                    {
                        var rows = Math.Min(block, to - token);
                        QueryFeatures(
                            layout, rows, inputs.Rows.Q.At(image, token, channel), inputs.Rows.Q.RowStride,
                            inputs.Same + 2 * channel, inputs.Opposite + 2 * channel, features, oppositeFeatures);
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
