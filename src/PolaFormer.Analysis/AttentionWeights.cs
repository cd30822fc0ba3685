using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Analysis;

/// <summary>
/// The weights A that a mechanism implies, y = A·v, whether it forms them or not. A is the derivative of the mixed tokens by
/// the values, so one backward pass from query i gives row i for all heads: for a linear attention in O(N·d), never N².
/// Heads and streams are counted together: head · streams + stream.
/// </summary>
public static class AttentionWeights
{
    /// <summary>The row of one query, for every head and stream: weights of the image's keys.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="query">Query of the image, prefix tokens first.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such query.</exception>
    public static float[][] Row(ProbedLayer layer, int query)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)query, (uint)layer.Queries, nameof(query));
        float[] chosen = new float[layer.Queries];
        chosen[query] = 1;
        return Pull(layer, [.. Enumerable.Repeat(chosen, layer.NumHeads * layer.Streams)]);
    }

    /// <summary>uᵀA for every head and stream, in one backward pass.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="queries">For every head and stream, a factor u for each of the image's queries.</param>
    /// <returns>For every head and stream, the image's keys.</returns>
    public static float[][] Pull(ProbedLayer layer, IReadOnlyList<float[]> queries)
    {
        int dim = layer.Mechanism.Shape.Dim;
        using var scope = MemoryScope.Enter();
        Tensor value = layer.Inputs.Value.Source.Clone(), query = layer.Inputs.Query.Source;
        value.RequiresGrad = true;
        float[] factors = new float[query.Count];
        for (int i = 0; i < queries.Count; i++)
        {
            int channel = layer.Channel(i / layer.Streams, i % layer.Streams);
            for (int token = 0; token < layer.Queries; token++)
                factors[(layer.Place(token) * dim) + channel] = queries[i][token];
        }

        using (var tape = Tape.Start())
        {
            Tensor mixed = layer.Mechanism.Mix(layer.Inputs with { Value = value });
            tape.Backward(mixed, Tensor.From(factors, mixed.Shape, mixed.Device));
        }

        float[] gradient = value.Grad!.ToArray();
        float[][] pulled = new float[queries.Count][];
        for (int i = 0; i < pulled.Length; i++)
        {
            int channel = layer.Channel(i / layer.Streams, i % layer.Streams);
            pulled[i] = new float[layer.Keys];
            for (int key = 0; key < layer.Keys; key++)
                pulled[i][key] = gradient[(layer.PlaceOfKey(key) * dim) + channel];
        }

        return pulled;
    }

    /// <summary>A·1: the sum of every row, for every head and stream.</summary>
    public static float[][] RowSums(ProbedLayer layer)
    {
        using var scope = MemoryScope.Enter();
        Tensor ones = Tensor.Full(layer.Inputs.Value.Source.Shape, 1, layer.Inputs.Value.Source.Device);
        float[] mixed = layer.Mechanism.Mix(layer.Inputs with { Value = ones }).ToArray();
        float[][] sums = new float[layer.NumHeads * layer.Streams][];
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] = new float[layer.Queries];
            for (int query = 0; query < layer.Queries; query++)
                sums[i][query] = mixed[(layer.Place(query) * layer.Mechanism.Shape.Dim) + layer.Channel(i / layer.Streams, i % layer.Streams)];
        }

        return sums;
    }

    /// <summary>
    /// The whole map of every head and stream, (N, n) row by row, of the first window where there are windows: one forward
    /// pass for as many keys as a stream has channels, their values the unit vectors.
    /// </summary>
    public static float[][] Maps(ProbedLayer layer)
    {
        int dim = layer.Mechanism.Shape.Dim, run = layer.RunLength, queries = layer.Inputs.Query.Tokens, keys = layer.Inputs.Key.Tokens;
        float[][] maps = NewMaps(layer.NumHeads * layer.Streams, queries * keys);
        AttentionInputs first = First(layer);
        for (int start = 0; start < keys; start += run)
        {
            using var scope = MemoryScope.Enter();
            int count = Math.Min(run, keys - start);
            float[] value = new float[keys * dim];
            for (int i = 0; i < maps.Length; i++)
                for (int j = 0; j < count; j++)
                    value[((start + j) * dim) + layer.Channel(i / layer.Streams, i % layer.Streams) + j] = 1;
            float[] mixed = layer.Mechanism.Mix(first with { Value = Tensor.From(value, [1, keys, dim], first.Query.Source.Device) }).ToArray();
            for (int i = 0; i < maps.Length; i++)
                for (int query = 0; query < queries; query++)
                    mixed.AsSpan((query * dim) + layer.Channel(i / layer.Streams, i % layer.Streams), count).CopyTo(maps[i].AsSpan((query * keys) + start, count));
        }

        return maps;
    }

    /// <summary>
    /// What attention and the local terms of the values together, the gate held at 1, do to the first channel of every head and
    /// stream: (N, n) row by row, of the first window where there are windows. One forward pass a key.
    /// </summary>
    public static float[][] WholeMaps(ProbedLayer layer)
    {
        int dim = layer.Mechanism.Shape.Dim, queries = layer.Inputs.Query.Tokens, keys = layer.Inputs.Key.Tokens;
        float[][] maps = NewMaps(layer.NumHeads * layer.Streams, queries * keys);
        AttentionInputs first = First(layer) with { Gate = layer.Inputs.Gate is null ? default(Columns?) : Tensor.Full([1, queries, dim], 1, layer.Inputs.Query.Source.Device) };
        float[] values = new float[keys * dim], offset = Whole();
        for (int key = 0; key < keys; key++)
        {
            using var scope = MemoryScope.Enter();
            values.AsSpan(key * dim, dim).Fill(1);
            float[] whole = Whole();
            values.AsSpan(key * dim, dim).Clear();
            for (int i = 0; i < maps.Length; i++)
            {
                int channel = layer.Channel(i / layer.Streams, i % layer.Streams);
                for (int query = 0; query < queries; query++)
                    maps[i][(query * keys) + key] = whole[(query * dim) + channel] - offset[(query * dim) + channel];
            }
        }

        return maps;

        float[] Whole()
        {
            Tensor value = Tensor.From(values, [1, keys, dim], first.Query.Source.Device);
            Tensor attended = layer.Mechanism.Attend(first with { Value = value });
            return (layer.Local is { } local ? attended + local(value.Reshape(1, layer.Inputs.Height, layer.Inputs.Width, dim)).Reshape(attended.Shape) : attended).ToArray();
        }
    }

    private static float[][] NewMaps(int count, int length) => [.. Enumerable.Range(0, count).Select(_ => new float[length])];

    // The first entry of the batch.
    private static AttentionInputs First(ProbedLayer layer)
    {
        AttentionInputs inputs = layer.Inputs;
        return layer.Entries == 1 ? inputs : inputs with
        {
            Query = inputs.Query.Source.Slice(0, 0, 1),
            Key = inputs.Key.Source.Slice(0, 0, 1),
            Value = inputs.Value.Source.Slice(0, 0, 1),
            Gate = inputs.Gate is { } gate ? gate.Source.Slice(0, 0, 1) : default(Columns?),
            ScoreMask = inputs.ScoreMask?.Slice(0, 0, 1),
        };
    }
}
