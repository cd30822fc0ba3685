using PolaFormer.Checkpoints.IO;
using PolaFormer.Checkpoints.Pickle;
using PolaFormer.Checkpoints.Zip;

namespace PolaFormer.Checkpoints.Torch;

/// <summary>
/// The zip archive of <c>torch.save</c>: <c>ROOT/data.pkl</c> holds the objects, <c>ROOT/data/KEY</c> a storage each,
/// <c>ROOT/byteorder</c> (since 2.1) the word <c>little</c> or <c>big</c>. ROOT is the stem of the name the file was saved under.
/// </summary>
internal sealed class TorchArchive : IStorageSource
{
    private const string PickleName = "data.pkl";

    private readonly FileBytes _file;
    private readonly OrderedDictionary<string, ZipEntry> _entries;
    private readonly string _root;

    private TorchArchive(FileBytes file, OrderedDictionary<string, ZipEntry> entries, string root)
    {
        _file = file;
        _entries = entries;
        _root = root;
    }

    /// <summary>Whether the file begins as a zip archive does.</summary>
    public static bool Recognizes(FileBytes file) =>
        file.Start(4) is [(byte)'P', (byte)'K', 3, 4] or [(byte)'P', (byte)'K', 5, 6];

    /// <summary>Reads the objects; their tensors lie in the file.</summary>
    public static (object? Root, IReadOnlyList<string> NotRead) Load(FileBytes file, bool verifyChecksums)
    {
        OrderedDictionary<string, ZipEntry> entries = ZipDirectory.Read(file, verifyChecksums);
        string root = FindRoot(file, entries);
        if (entries.ContainsKey(root + "constants.pkl"))
            throw new CheckpointException(file.Name, "this is a TorchScript program, not a checkpoint. In PyTorch, load it and save its state_dict().");
        if (entries.TryGetValue(root + "byteorder", out ZipEntry? order) && !order.All(limit: 16).AsSpan().SequenceEqual("little"u8))
            throw new CheckpointException(file.Name, "the checkpoint was saved on a big-endian machine, which is not supported. Load and save it again on a little-endian one.");

        ZipEntry pickle = entries[root + PickleName];
        TorchArchive archive = new(file, entries, root);
        Unpickler unpickler = new(pickle.All(Unpickler.MaxBytes), file.Name, pickle.Name, archive);
        return (unpickler.Load(), unpickler.NotRead);
    }

    public TensorStorage Find(string key, int elementSize, long count)
    {
        if (!_entries.TryGetValue($"{_root}data/{key}", out ZipEntry? entry))
            throw new CheckpointException(_file.Name, $"the archive has no entry {_root}data/{key}, which a tensor lies in. Download or copy the file again.");
        if (count > entry.Length / elementSize)
            throw new CheckpointException(_file.Name, $"{entry.Name} has {entry.Length} bytes, too few for {count} elements of {elementSize}. Download or copy the file again.");
        return entry;
    }

    private static string FindRoot(FileBytes file, OrderedDictionary<string, ZipEntry> entries)
    {
        string? root = null;
        foreach (string name in entries.Keys)
        {
            // Archives that people have packed again stand in a folder more, and hold a Mac's notes beside each file.
            int folder = name.LastIndexOf('/') + 1;
            if (!name.AsSpan(folder).SequenceEqual(PickleName) || name.StartsWith("__MACOSX/", StringComparison.Ordinal))
                continue;
            if (root is not null)
                throw new CheckpointException(file.Name, $"the archive holds both {root}{PickleName} and {name}; a checkpoint has one.");
            root = name[..folder];
        }

        return root ?? throw new CheckpointException(file.Name, $"the zip archive has no {PickleName}, so it is no PyTorch checkpoint. Check that this is the right file.");
    }
}
