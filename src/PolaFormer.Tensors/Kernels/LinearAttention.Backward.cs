using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <remarks>
/// With G = ∂L/∂out, per row and head: r = 1/(φ(q)·z + ε), h = G·Sᵀ. G·(φ(q)·S) = φ(q)·h, so the numerators are not computed
/// again: c = ∂L/∂(1/r) = −r²·(φ(q)·h). Then
/// <code>
/// ∂φ(q) = r·h + c·z,   ∂S = Σ φ(q)ᵀ·(r·G),   ∂z = Σ c·φ(q)
/// ∂φ(k) = m·(v·∂Sᵀ + ∂z),   ∂v = m·φ(k)·∂S
/// </code>
/// </remarks>
internal static unsafe partial class LinearAttention
{
    private static partial class Pass<T, TMap>
    {
        public static void Backward(in LinearAttentionInputs inputs, TMap map, in LinearAttentionGradients gradients)
        {
            var layout = new LinearAttentionLayout(inputs.Rows.Heads, inputs.Rows.HeadDim);
            var queries = new QueryGradientBody(inputs, gradients, map, layout);
            Workers.Run(queries.Parts, queries);
            Workers.Run(inputs.Rows.Batch, new SumBody(gradients.Workspace, LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Queries), layout.State, QueryUnit(layout)));
            var keys = new KeyGradientBody(inputs, gradients, map, layout);
            Workers.Run(keys.Parts, keys);
            if (gradients.DScale != null)
                SumScale(inputs, gradients, layout);
        }

        /// <summary>Floats of a query unit in the workspace: ∂S, ∂z and ∂s.</summary>
        private static int QueryUnit(in LinearAttentionLayout layout) => layout.State + layout.Channels;

        /// <summary>The key units' ∂s lie behind the query units.</summary>
        private static float* KeyUnits(in LinearAttentionInputs inputs, in LinearAttentionGradients gradients, in LinearAttentionLayout layout) =>
            gradients.Workspace + ((long)inputs.Rows.Batch * LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Queries) * QueryUnit(layout));

        private readonly struct QueryGradientBody(LinearAttentionInputs inputs, LinearAttentionGradients gradients, TMap map, LinearAttentionLayout layout) : IParallelBody
        {
            private readonly int _chunks = LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Queries);
            private readonly int _keyChunks = LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Keys);

            private int Units => inputs.Rows.Batch * _chunks;

            public int Parts => layout.Parts(Units, inputs.Rows.Queries / _chunks * 2);

            public void Run(int part)
            {
                int d = layout.HeadDim, featureRow = layout.FeatureRow, block = layout.Block;
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, (block * ((2 * featureRow) + d)) + (layout.Channels * d));
                float* dFeatures = features + (block * featureRow);
                float* scaled = dFeatures + (block * featureRow);
                float* transposed = scaled + (block * d);
                (int first, int end) = Workers.Range(Units, Parts, part);
                for (int unit = first; unit < end; unit++)
                {
                    (int image, int chunk) = Math.DivRem(unit, _chunks);
                    float* state = inputs.State + ((long)image * _keyChunks * layout.State);
                    float* dState = gradients.Workspace + ((long)unit * QueryUnit(layout));
                    new Span<float>(dState, QueryUnit(layout)).Clear();
                    TransposeHeads(layout, state, transposed);
                    (int from, int to) = Workers.Range(inputs.Rows.Queries, _chunks, chunk);
                    for (int token = from; token < to; token += block)
                    {
                        int rows = Math.Min(block, to - token);
                        if (TokenBlock<T>.IsZero(rows, layout.Channels, gradients.DOutput.At(image, token, 0), gradients.DOutput.RowStride))
                        {
                            TokenBlock<T>.Clear(rows, layout.Channels, gradients.DQ.At(image, token, 0), gradients.DQ.RowStride);
                            continue;
                        }
                        FeatureRows queryRows = QueryRows(inputs, layout, image, token, rows, features);
                        map.Map<T>(queryRows);
                        for (int head = 0; head < layout.Heads; head++)
                        {
                            int channel = head * d;
                            float* dOutput = gradients.DOutput.At(image, token, channel);
                            BlockProduct<T>.Run(
                                rows, d, d, dOutput, gradients.DOutput.RowStride, 1, transposed + (channel * d), d,
                                dFeatures + channel, featureRow, accumulate: false);
                            QueryGradients(
                                rows, d, features + channel, dFeatures + channel, featureRow, state + (layout.Channels * d) + channel, inputs.Epsilon,
                                dOutput, gradients.DOutput.RowStride, scaled, dState + (layout.Channels * d) + channel);
                            BlockProduct<T>.Run(
                                d, d, rows, features + channel, 1, featureRow, scaled, d, dState + (channel * d), d, accumulate: true);
                        }
                        map.Backward<T>(queryRows, dFeatures, gradients.DQ.At(image, token, 0), gradients.DQ.RowStride, dState + layout.State);
                    }
                }
            }
        }

        private readonly struct KeyGradientBody(LinearAttentionInputs inputs, LinearAttentionGradients gradients, TMap map, LinearAttentionLayout layout) : IParallelBody
        {
            private readonly int _chunks = LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Keys);
            private readonly int _queryChunks = LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Queries);

            private int Units => inputs.Rows.Batch * _chunks;

            public int Parts => layout.Parts(Units, inputs.Rows.Keys / _chunks * 2);

            public void Run(int part)
            {
                int d = layout.HeadDim, featureRow = layout.FeatureRow, block = layout.Block;
                float* features = ThreadScratch.Floats(ScratchPurpose.Attention, (block * ((2 * featureRow) + d)) + (layout.Channels * d));
                float* dFeatures = features + (block * featureRow);
                float* dValues = dFeatures + (block * featureRow);
                float* transposed = dValues + (block * d);
                (int first, int end) = Workers.Range(Units, Parts, part);
                for (int unit = first; unit < end; unit++)
                {
                    (int image, int chunk) = Math.DivRem(unit, _chunks);
                    float* dState = gradients.Workspace + ((long)image * _queryChunks * QueryUnit(layout));
                    float* dScale = KeyUnits(inputs, gradients, layout) + ((long)unit * layout.Channels);
                    new Span<float>(dScale, layout.Channels).Clear();
                    TransposeHeads(layout, dState, transposed);
                    (int from, int to) = Workers.Range(inputs.Rows.Keys, _chunks, chunk);
                    for (int token = from; token < to; token += block)
                    {
                        int rows = Math.Min(block, to - token);
                        float* dK = gradients.DK.At(image, token, 0), dV = gradients.DV.At(image, token, 0), mask = MaskAt(inputs, image, token);
                        if (IsPadding(mask, rows))
                        {
                            TokenBlock<T>.Clear(rows, layout.Channels, dK, gradients.DK.RowStride);
                            TokenBlock<T>.Clear(rows, layout.Channels, dV, gradients.DV.RowStride);
                            continue;
                        }
                        FeatureRows keyRows = KeyRows(inputs, layout, image, token, rows, features);
                        map.Map<T>(keyRows);
                        for (int head = 0; head < layout.Heads; head++)
                        {
                            int channel = head * d;
                            BlockProduct<T>.Run(
                                rows, d, d, inputs.Rows.V.At(image, token, channel), inputs.Rows.V.RowStride, 1, transposed + (channel * d), d,
                                dFeatures + channel, featureRow, accumulate: false);
                            BlockProduct<T>.Run(
                                rows, d, d, features + channel, featureRow, 1, dState + (channel * d), d, dValues, d, accumulate: false);
                            StoreValues(rows, d, dValues, mask, dV + channel, gradients.DV.RowStride);
                        }
                        AddRow(layout, rows, dFeatures, dState + (layout.Channels * d));
                        if (mask != null)
                            Multiply(layout, rows, dFeatures, mask);
                        map.Backward<T>(keyRows, dFeatures, dK, gradients.DK.RowStride, dScale);
                    }
                }
            }
        }

        /// <summary>∂s: the sums of the units, in the order of images and chunks, queries first.</summary>
        private static void SumScale(in LinearAttentionInputs inputs, in LinearAttentionGradients gradients, in LinearAttentionLayout layout)
        {
            new Span<float>(gradients.DScale, layout.Channels).Clear();
            Add(gradients.DScale, gradients.Workspace + layout.State, QueryUnit(layout), inputs.Rows.Batch * LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Queries), layout.Channels);
            Add(gradients.DScale, KeyUnits(inputs, gradients, layout), layout.Channels, inputs.Rows.Batch * LinearAttentionLayout.Chunks(inputs.Rows.Batch, inputs.Rows.Keys), layout.Channels);

            static void Add(float* sums, float* units, int unit, int count, int channels)
            {
                for (int i = 0; i < count; i++)
                    for (int c = 0; c < channels; c += T.Count)
                        T.Store(T.Load(sums + c) + T.Load(units + ((long)i * unit) + c), sums + c);
            }
        }

        private static void TransposeHeads(in LinearAttentionLayout layout, float* states, float* transposed)
        {
            int d = layout.HeadDim;
            for (int head = 0; head < layout.Heads; head++)
                TokenBlock<T>.Transpose(d, d, states + (head * d * d), d, transposed + (head * d * d), d);
        }

        /// <summary>∂φ(q) in place of h, r·G into <paramref name="scaled"/>, and ∂z added to.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void QueryGradients(
            int rows, int d, float* features, float* dFeatures, nint featureRow, float* sums, float epsilon,
            float* dOutput, nint dOutputRow, float* scaled, float* dSums)
        {
            for (int row = 0; row < rows; row++, features += featureRow, dFeatures += featureRow, dOutput += dOutputRow, scaled += d)
            {
                float factor = 1 / (Dot(d, features, sums) + epsilon);
                T r = T.Create(factor), c = T.Create(-factor * (factor * Dot(d, features, dFeatures)));
                for (int j = 0; j < d; j += T.Count)
                {
                    T.Store(T.MultiplyAdd(r, T.Load(dFeatures + j), c * T.Load(sums + j)), dFeatures + j);
                    T.Store(T.MultiplyAdd(c, T.Load(features + j), T.Load(dSums + j)), dSums + j);
                    T.Store(T.Load(dOutput + j) * r, scaled + j);
                }
            }
        }

        /// <summary>The gradients of a head's values, times the factors of their keys unless null.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void StoreValues(int rows, int d, float* dValues, float* mask, float* target, nint targetRow)
        {
            for (int row = 0; row < rows; row++, dValues += d, target += targetRow)
            {
                T factor = T.Create(mask == null ? 1 : mask[row]);
                for (int j = 0; j < d; j += T.Count)
                    T.Store(T.Load(dValues + j) * factor, target + j);
            }
        }

        /// <summary>Adds one row to the gradients of all tokens' features.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void AddRow(in LinearAttentionLayout layout, int rows, float* dFeatures, float* addend)
        {
            for (int row = 0; row < rows; row++, dFeatures += layout.FeatureRow)
                for (int c = 0; c < layout.Channels; c += T.Count)
                    T.Store(T.Load(dFeatures + c) + T.Load(addend + c), dFeatures + c);
        }
    }
}
