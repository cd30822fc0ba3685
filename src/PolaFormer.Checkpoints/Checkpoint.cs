using System.Diagnostics.CodeAnalysis;
using PolaFormer.Checkpoints.IO;
using PolaFormer.Checkpoints.Safetensors;
using PolaFormer.Checkpoints.Torch;

namespace PolaFormer.Checkpoints;

/// <summary>
/// A state dict in a file, with what was saved beside it. Opening reads names, shapes and plain values; the tensors stay in
/// the file until they are read. Files are untrusted: nothing in them is executed, and memory stays in proportion to
/// their size.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    private const string ModulePrefix = "module.";

    private readonly FileBytes _file;
    private readonly OrderedDictionary<string, CheckpointEntry> _entries = [];
    private Dictionary<string, string>? _unwrapped;

    private Checkpoint(FileBytes file, CheckpointFormat format, StateDict content, CheckpointOptions options)
    {
        _file = file;
        Format = format;
        Section = content.Section;
        Sections = content.Sections;
        Metadata = content.Metadata;
        UnreadEntries = content.Unread;
        NotRead = content.NotRead;
        HashSet<string> names = [.. content.Entries.Select(entry => entry.Name)];
        foreach (CheckpointEntry entry in content.Entries)
        {
            bool strip = options.StripModulePrefix && entry.Name.StartsWith(ModulePrefix, StringComparison.Ordinal) && !names.Contains(entry.Name[ModulePrefix.Length..]);
            CheckpointEntry named = strip ? new CheckpointEntry(entry.Name[ModulePrefix.Length..], entry.Tensor) : entry;
            _entries.Add(named.Name, named);
        }
    }

    /// <summary>The path, or the name the bytes were given.</summary>
    public string Name => _file.Name;

    /// <summary>How the file is laid out.</summary>
    public CheckpointFormat Format { get; }

    /// <summary>The name of the state dict that was taken, or null where the file holds nothing else.</summary>
    public string? Section { get; }

    /// <summary>The names of all state dicts in the file; empty where it holds one without a name.</summary>
    public IReadOnlyList<string> Sections { get; }

    /// <summary>
    /// What is saved beside the state dicts, in order: the strings of a safetensors file's <c>__metadata__</c>, or the other
    /// entries of a PyTorch file, such as <c>epoch</c>, <c>max_accuracy</c>, <c>config</c> and <c>optimizer</c>, as the plain
    /// values <see cref="Pickle.PickledDictionary"/> lists.
    /// </summary>
    public IReadOnlyDictionary<string, object?> Metadata { get; }

    /// <summary>The tensors in the order of the state dict.</summary>
    public IReadOnlyList<CheckpointEntry> Entries => _entries.Values;

    /// <summary>Bytes in the file.</summary>
    public long FileBytes => _file.Length;

    /// <summary>
    /// Names of classes and functions that the file mentions and that mean nothing here: objects of them were passed over.
    /// Nothing of them was looked up or run.
    /// </summary>
    public IReadOnlyList<string> NotRead { get; }

    /// <summary>Entries of the state dict that are no tensor that can be read, with what they are.</summary>
    internal IReadOnlyDictionary<string, string> UnreadEntries { get; }

    /// <summary>The names of all tensors in order.</summary>
    internal IReadOnlyList<string> Names => _entries.Keys;

    /// <summary>The names that hold segments of wrappers, with what is left without those.</summary>
    internal IReadOnlyDictionary<string, string> UnwrappedNames =>
        _unwrapped ??= Names.Select(name => (name, ParameterNames.Unwrap(name))).Where(pair => pair.Item1 != pair.Item2).ToDictionary();

    /// <summary>Two names that stand for the same tensor without the segments of wrappers; null where there are none.</summary>
    internal string? Ambiguity => UnwrappedNames.Count == 0 ? null : Names
        .Where(name => !ParameterNames.IsByproduct(name, this[name].Shape.Count))
        .GroupBy(name => UnwrappedNames.GetValueOrDefault(name, name))
        .FirstOrDefault(group => group.Skip(1).Any()) is { } names ? string.Join(" and ", names.Take(2)) : null;

    /// <summary>The tensor of a name.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public CheckpointEntry this[string name] =>
        _entries.TryGetValue(name, out CheckpointEntry? entry) ? entry : throw new CheckpointException(Name, $"there is no tensor {name}. The checkpoint may belong to another model.");

    /// <summary>The tensor of a name, or of one that differs by segments of wrappers alone, such as <c>module.</c> and <c>backbone.</c>; null where there is none.</summary>
    public CheckpointEntry? Find(string name) =>
        _entries.TryGetValue(name, out CheckpointEntry? entry) ? entry : UnwrappedNames.FirstOrDefault(pair => pair.Value == name).Key is { } wrapped ? _entries[wrapped] : null;

    /// <summary>Looks a tensor up.</summary>
    public bool TryGetValue(string name, [MaybeNullWhen(false)] out CheckpointEntry entry) => _entries.TryGetValue(name, out entry);

    /// <summary>Opens a file, whose format is recognised by its content.</summary>
    /// <exception cref="Files.FileException">It is not a regular file, or may not be read.</exception>
    /// <exception cref="CheckpointException">It is no checkpoint, is damaged, or holds what is not allowed.</exception>
    public static Checkpoint Open(string path, CheckpointOptions? options = null) => Read(IO.FileBytes.Open(path), options ?? new CheckpointOptions());

    /// <summary>Reads a checkpoint in memory, which must not change until disposal.</summary>
    /// <param name="bytes">The content of a file.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="options">What to take.</param>
    /// <exception cref="CheckpointException">It is no checkpoint, is damaged, or holds what is not allowed.</exception>
    public static Checkpoint Parse(ReadOnlyMemory<byte> bytes, string name, CheckpointOptions? options = null) =>
        Read(new FileBytes(bytes, name), options ?? new CheckpointOptions());

    /// <summary>Gives the file free; tensors can no longer be read.</summary>
    public void Dispose() => _file.Dispose();

    private static Checkpoint Read(FileBytes file, CheckpointOptions options)
    {
        try
        {
            if (TorchArchive.Recognizes(file))
                return new Checkpoint(file, CheckpointFormat.TorchZip, StateDict.Select(file, TorchArchive.Load(file, options.VerifyChecksums), options.Section), options);
            if (SafetensorsReader.Recognizes(file))
                return new Checkpoint(file, CheckpointFormat.Safetensors, StateDict.Whole(file, SafetensorsReader.Read(file), options.Section), options);
            if (TorchLegacy.Recognizes(file))
                return new Checkpoint(file, CheckpointFormat.TorchLegacy, StateDict.Select(file, TorchLegacy.Load(file), options.Section), options);
            throw new CheckpointException(file.Name, UnknownFormat(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static string UnknownFormat(FileBytes file)
    {
        ReadOnlySpan<byte> start = file.Start(64);
        if (start.StartsWith("version https://git-lfs"u8))
            return "this is a Git LFS pointer, not the file it stands for. Fetch it with 'git lfs pull'.";
        if (start.TrimStart("\xef\xbb\xbf \t\r\n"u8).StartsWith("<"u8))
            return "this is a web page, not a checkpoint: the download went wrong. Download the file itself.";
        if (start is [0x1f, 0x8b, ..])
            return "this is packed by gzip. Unpack it first: gunzip FILE.";
        if (start is [0x89, (byte)'H', (byte)'D', (byte)'F', ..])
            return "this is an HDF5 file, which Keras writes. Only safetensors and files of torch.save are read.";
        return "this is no checkpoint: neither safetensors nor a file of torch.save. Check that this is the right file, wholly downloaded.";
    }
}
