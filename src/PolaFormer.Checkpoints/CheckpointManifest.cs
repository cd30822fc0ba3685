using System.Globalization;
using PolaFormer.Checkpoints.Pickle;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints;

/// <summary>What a checkpoint holds, for showing to people: no tensor is read.</summary>
/// <param name="Format">How the file is laid out.</param>
/// <param name="FileBytes">Bytes in the file.</param>
/// <param name="Section">The state dict that was taken, or null.</param>
/// <param name="Sections">All state dicts in the file.</param>
/// <param name="Tensors">The tensors in order.</param>
/// <param name="Types">Totals of each element type, the largest first.</param>
/// <param name="Metadata">What lies beside, each in a few words.</param>
public sealed record CheckpointManifest(
    CheckpointFormat Format,
    long FileBytes,
    string? Section,
    IReadOnlyList<string> Sections,
    IReadOnlyList<CheckpointManifest.TensorRow> Tensors,
    IReadOnlyList<CheckpointManifest.TypeRow> Types,
    IReadOnlyList<KeyValuePair<string, string>> Metadata)
{
    private const int MaxText = 80;

    /// <summary>A tensor: its name, type and extents, the number of elements, and the bytes they take.</summary>
    public sealed record TensorRow(string Name, DType DType, Shape Shape, long Elements, long Bytes);

    /// <summary>All tensors of a type: how many, their elements, and the bytes they take.</summary>
    public sealed record TypeRow(DType DType, int Tensors, long Elements, long Bytes);

    /// <summary>Elements of all tensors, buffers included.</summary>
    public long TotalElements => Types.Sum(row => row.Elements);

    /// <summary>Bytes of all tensors.</summary>
    public long TotalBytes => Types.Sum(row => row.Bytes);

    /// <summary>Describes an open checkpoint.</summary>
    public static CheckpointManifest Of(Checkpoint checkpoint)
    {
        TensorRow[] tensors = [.. checkpoint.Entries.Select(entry => new TensorRow(entry.Name, entry.DType, entry.Shape, entry.Shape.Count, entry.ByteCount))];
        return new CheckpointManifest(
            checkpoint.Format,
            checkpoint.FileBytes,
            checkpoint.Section,
            checkpoint.Sections,
            tensors,
            [.. tensors.GroupBy(row => row.DType)
                .Select(group => new TypeRow(group.Key, group.Count(), group.Sum(row => row.Elements), group.Sum(row => row.Bytes)))
                .OrderByDescending(row => row.Bytes)],
            [.. checkpoint.Metadata.Select(entry => KeyValuePair.Create(entry.Key, Describe(entry.Value)))]);
    }

    private static string Describe(object? value) => value switch
    {
        null => "None",
        string text => text.Length <= MaxText ? text : text[..MaxText] + "…",
        byte[] bytes => $"{bytes.Length} bytes",
        StoredTensor tensor => $"tensor {tensor.DType} {tensor.Shape}",
        PickledDictionary { IsUnread: true } unread => $"{unread.TypeName}, not read",
        PickledContainer container => $"{container.TypeName} of {(container as PickledDictionary)?.Count ?? container.ChildCount}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty,
    };
}
