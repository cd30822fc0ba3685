using PolaFormer.Checkpoints.Pickle;
using PolaFormer.Checkpoints.Zip;
using PolaFormer.Files;

namespace PolaFormer.Checkpoints;

/// <summary>Writes checkpoints that <c>torch.load</c> reads, with <c>weights_only</c> too.</summary>
public static class TorchWriter
{
    private const long OverheadPerEntry = 1024;

    /// <summary>
    /// Writes <c>{section: OrderedDict of the tensors, …extra}</c>, or the OrderedDict by itself. The file appears under its
    /// name only when it is complete.
    /// </summary>
    /// <param name="path">Where to write; the archive's root folder takes the name of the file without its extension.</param>
    /// <param name="tensors">The state dict, in order.</param>
    /// <param name="extra">
    /// Further entries: null, bool, integers, floats, strings, byte[], lists, tuples, dictionaries, values read from another
    /// checkpoint's metadata, tensors (<see cref="CheckpointTensor"/>, whose name is not used), and further state dicts
    /// (sequences of <see cref="CheckpointTensor"/>).
    /// </param>
    /// <param name="section">The key of the state dict, or null for the state dict by itself.</param>
    /// <exception cref="ArgumentException">A name occurs twice, a value cannot be written, or there are extra entries without a section.</exception>
    /// <exception cref="FileException">The file cannot be written.</exception>
    /// <exception cref="CheckpointException">It would exceed 4 GiB, the limit of the format.</exception>
    public static void Write(string path, IEnumerable<CheckpointTensor> tensors, IEnumerable<KeyValuePair<string, object?>>? extra = null, string? section = "model")
    {
        (ReadOnlyMemory<byte> pickle, IReadOnlyList<CheckpointTensor> storages) = PickleWriter.Write(Root(tensors, extra, section));
        long total = pickle.Length + (OverheadPerEntry * (3 + storages.Count)) + storages.Sum(tensor => tensor.ByteCount);
        if (total > ZipWriter.MaxBytes || storages.Count + 3 > ZipWriter.MaxEntries)
            throw new CheckpointException(path, $"{storages.Count} tensors of {total} bytes do not fit into a .pth file of at most 4 GiB. Write safetensors instead.");

        string root = Path.GetFileNameWithoutExtension(path) is { Length: > 0 } stem ? stem : "archive";
        OutputFile.Write(path, stream =>
        {
            ZipWriter zip = new(stream);
            zip.Add($"{root}/data.pkl", pickle);
            zip.Add($"{root}/byteorder", "little"u8.ToArray());
            for (int i = 0; i < storages.Count; i++)
                zip.Add($"{root}/data/{i}", storages[i].ByteCount, storages[i].Stream);
            zip.Add($"{root}/version", "3\n"u8.ToArray());
            zip.Finish();
        });
    }

    private static object Root(IEnumerable<CheckpointTensor> tensors, IEnumerable<KeyValuePair<string, object?>>? extra, string? section)
    {
        if (section is null)
            return extra?.Any() == true ? throw new ArgumentException("Extra entries need a section for the state dict.", nameof(extra)) : tensors;
        OrderedDictionary<string, object?> root = new() { [section] = tensors };
        foreach ((string key, object? value) in extra ?? [])
            if (!root.TryAdd(key, value))
                throw new ArgumentException($"Two entries are called {key}.", nameof(extra));
        return root;
    }
}
