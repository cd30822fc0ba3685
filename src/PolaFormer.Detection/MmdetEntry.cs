using PolaFormer.Tensors;

namespace PolaFormer.Detection;

/// <summary>An entry of mmdetection's state dict, and the tensors of ours that it holds.</summary>
/// <param name="Name">mmdetection's name.</param>
/// <param name="Shape">mmdetection's shape.</param>
/// <param name="Tensors">Ours; several where rows of one stand before those of the next.</param>
/// <param name="Columns">For each of its columns ours; null for the same order.</param>
public sealed record MmdetEntry(string Name, Shape Shape, IReadOnlyList<Tensor> Tensors, int[]? Columns = null)
{
    /// <summary>The entry's values made of ours.</summary>
    /// <param name="valuesOf">The values of one of our tensors: its own, its gradient, or other of its shape.</param>
    public float[] Read(Func<Tensor, float[]> valuesOf)
    {
        float[] values = [.. Tensors.SelectMany(valuesOf)];
        if (Columns is null)
            return values;
        float[] ordered = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
            ordered[i] = values[(i / Columns.Length * Columns.Length) + Columns[i % Columns.Length]];
        return ordered;
    }

    /// <summary>Overwrites our tensors.</summary>
    public void Write(ReadOnlySpan<float> values)
    {
        float[] ordered = values.ToArray();
        for (int i = 0; i < values.Length && Columns is not null; i++)
            ordered[(i / Columns.Length * Columns.Length) + Columns[i % Columns.Length]] = values[i];
        int start = 0;
        foreach (Tensor tensor in Tensors)
        {
            tensor.CopyFrom<float>((ReadOnlySpan<float>)ordered.AsSpan(start, (int)tensor.Count));
            start += (int)tensor.Count;
        }
    }
}
