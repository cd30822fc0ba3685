using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class LinearAttention
{
    private static partial class Pass<T, TMap>
    {
        public static void Forward(in LinearAttentionInputs inputs, TMap map, Rows output)
        {
            var layout = new LinearAttentionLayout(inputs.Rows.Heads, inputs.Rows.HeadDim);
            var keys = new KeyBody(inputs, map, layout);
            Workers.Run(keys.Parts, keys);
            Workers.Run(inputs.Rows.Batch, new SumBody(inputs.State, LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Keys), layout.State, layout.State));
            var queries = new QueryBody(inputs, map, layout, output);
            Workers.Run(queries.Parts, queries);
        }

        /// <summary>One pass over the keys: the partial states of each chunk of each image.</summary>
        private readonly struct KeyBody(LinearAttentionInputs inputs, TMap map, LinearAttentionLayout layout) : IParallelBody
        {
            private readonly int _chunks = LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Keys);

            private int Units => inputs.Rows.Batch * _chunks;

            public int Parts => layout.Parts(Units, inputs.Rows.Keys / _chunks);

            public void Run(int part)
            {
                int d = layout.HeadDim, featureRow = layout.FeatureRow;
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, layout.Block * featureRow);
                (int first, int end) = Workers.Range(Units, Parts, part);
                for (int unit = first; unit < end; unit++)
                {
                    (int image, int chunk) = Math.DivRem(unit, _chunks);
                    float* state = inputs.State + ((long)unit * layout.State);
                    new Span<float>(state, layout.State).Clear();
                    (int from, int to) = Workers.Range(inputs.Rows.Keys, _chunks, chunk);
                    for (int token = from; token < to; token += layout.Block)
                    {
                        int rows = Math.Min(layout.Block, to - token);
                        float* mask = MaskAt(inputs, image, token);
                        if (IsPadding(mask, rows))
                            continue;
                        map.Map<T>(KeyRows(inputs, layout, image, token, rows, features));
                        if (mask != null)
                            Multiply(layout, rows, features, mask);
                        AddColumns(layout, rows, features, state + (layout.Channels * d));
                        for (int head = 0; head < layout.Heads; head++)
                        {
                            BlockProduct<T>.Run(
                                d, d, rows, features + (head * d), 1, featureRow,
                                inputs.Rows.V.At(image, token, head * d), inputs.Rows.V.RowStride, state + (head * d * d), d, accumulate: true);
                        }
                    }
                }
            }
        }

        /// <summary>Adds up the chunks of each image, so many floats apart, in order into the first.</summary>
        private readonly struct SumBody(float* chunks, int count, int length, int stride) : IParallelBody
        {
            public void Run(int image)
            {
                float* sum = chunks + ((long)image * count * stride);
                for (int i = 0; i < length; i += T.Count)
                {
                    T total = T.Load(sum + i);
                    for (int chunk = 1; chunk < count; chunk++)
                        total += T.Load(sum + ((long)chunk * stride) + i);
                    T.Store(total, sum + i);
                }
            }
        }

        /// <summary>One pass over the queries.</summary>
        private readonly struct QueryBody(LinearAttentionInputs inputs, TMap map, LinearAttentionLayout layout, Rows output) : IParallelBody
        {
            private readonly int _chunks = LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Queries);
            private readonly int _keyChunks = LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Keys);

            private int Units => inputs.Rows.Batch * _chunks;

            public int Parts => layout.Parts(Units, inputs.Rows.Queries / _chunks);

            public void Run(int part)
            {
                int d = layout.HeadDim, featureRow = layout.FeatureRow;
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, layout.Block * (featureRow + d));
                float* numerators = features + (layout.Block * featureRow);
                (int first, int end) = Workers.Range(Units, Parts, part);
                for (int unit = first; unit < end; unit++)
                {
                    (int image, int chunk) = Math.DivRem(unit, _chunks);
                    float* state = inputs.State + ((long)image * _keyChunks * layout.State);
                    (int from, int to) = Workers.Range(inputs.Rows.Queries, _chunks, chunk);
                    for (int token = from; token < to; token += layout.Block)
                    {
                        int rows = Math.Min(layout.Block, to - token);
                        map.Map<T>(QueryRows(inputs, layout, image, token, rows, features));
                        for (int head = 0; head < layout.Heads; head++)
                        {
                            BlockProduct<T>.Run(
                                rows, d, d, features + (head * d), featureRow, 1, state + (head * d * d), d, numerators, d, accumulate: false);
                            Normalize(
                                rows, d, numerators, features + (head * d), featureRow, state + (layout.Channels * d) + (head * d), inputs.Epsilon,
                                output.At(image, token, head * d), output.RowStride);
                        }
                    }
                }
            }
        }

        private static FeatureRows KeyRows(in LinearAttentionInputs inputs, in LinearAttentionLayout layout, int image, int token, int rows, float* features) => new()
        {
            Count = rows,
            Channels = layout.Channels,
            X = inputs.Rows.K.At(image, token, 0),
            Stride = inputs.Rows.K.RowStride,
            Position = inputs.KeyPosition == null ? null : inputs.KeyPosition + ((nint)token * layout.Channels),
            Features = features,
            FeatureStride = layout.FeatureRow,
        };

        private static FeatureRows QueryRows(in LinearAttentionInputs inputs, in LinearAttentionLayout layout, int image, int token, int rows, float* features) => new()
        {
            Count = rows,
            Channels = layout.Channels,
            X = inputs.Rows.Q.At(image, token, 0),
            Stride = inputs.Rows.Q.RowStride,
            Features = features,
            FeatureStride = layout.FeatureRow,
        };

        /// <summary>Features of each token times its factor.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Multiply(in LinearAttentionLayout layout, int rows, float* features, float* factors)
        {
            for (int row = 0; row < rows; row++, features += layout.FeatureRow)
            {
                T factor = T.Create(factors[row]);
                for (int c = 0; c < layout.Channels; c += T.Count)
                    T.Store(T.Load(features + c) * factor, features + c);
            }
        }

        /// <summary>sums += the features of all tokens.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void AddColumns(in LinearAttentionLayout layout, int rows, float* features, float* sums)
        {
            nint stride = layout.FeatureRow;
            for (int c = 0; c < layout.Channels; c += T.Count)
            {
                T sum = T.Load(sums + c);
                float* at = features + c;
                for (int row = rows; row > 0; row--, at += stride)
                    sum += T.Load(at);
                T.Store(sum, sums + c);
            }
        }

        /// <summary>output = numerators / (features·sums + ε), row by row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Normalize(
            int rows, int d, float* numerators, float* features, nint featureRow, float* sums, float epsilon, float* output, nint outputRow)
        {
            for (int row = 0; row < rows; row++, numerators += d, features += featureRow, output += outputRow)
            {
                T factor = T.Create(1 / (Dot(d, features, sums) + epsilon));
                for (int j = 0; j < d; j += T.Count)
                    T.Store(T.Load(numerators + j) * factor, output + j);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static float Dot(int d, float* a, float* b)
        {
            T dot = T.Zero;
            for (int j = 0; j < d; j += T.Count)
                dot = T.MultiplyAdd(T.Load(a + j), T.Load(b + j), dot);
            return T.Sum(dot);
        }
    }
}
