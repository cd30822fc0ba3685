using System.Buffers.Binary;
using System.Numerics;
using PolaFormer.Checkpoints.IO;
using PolaFormer.Checkpoints.Pickle;

namespace PolaFormer.Checkpoints.Torch;

/// <summary>
/// What <c>torch.save</c> wrote before 1.6: pickles of a magic number, a protocol version, facts about the machine, the
/// objects, and the keys of the storages; then for each key the number of elements (64 bits) and the elements.
/// </summary>
internal sealed class TorchLegacy : IStorageSource
{
    private const long ProtocolVersion = 1001;

    private static readonly BigInteger s_magic = BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);

    private readonly FileBytes _file;
    private readonly Dictionary<string, (FileStorage Storage, int ElementSize)> _storages = [];
    private IReadOnlyList<string> _notRead = [];
    private readonly byte[] _pickles;
    private int _position;
    private long _declared;

    private TorchLegacy(FileBytes file)
    {
        _file = file;
        _pickles = file.Start(Unpickler.MaxBytes);
    }

    /// <summary>Whether the file begins with a pickle of protocol 2 or above.</summary>
    public static bool Recognizes(FileBytes file) => file.Start(2) is [0x80, >= 2 and <= 5];

    /// <summary>Reads the objects; their tensors lie in the file.</summary>
    public static (object? Root, IReadOnlyList<string> NotRead) Load(FileBytes file)
    {
        TorchLegacy reader = new(file);
        if (reader.Next("the magic number") is not BigInteger magic || magic != s_magic)
            throw new CheckpointException(file.Name, "this is a plain pickle, not a PyTorch checkpoint. Save the state dict with torch.save.");
        if (reader.Next("the protocol version") is not ProtocolVersion)
            throw new CheckpointException(file.Name, $"the version of this old format is not {ProtocolVersion}. Load it in PyTorch and save it again.");
        if (reader.Next("the description of the machine") is not PickledDictionary machine || !machine.TryGetValue("little_endian", out object? little) || little is not true)
            throw new CheckpointException(file.Name, "the checkpoint was saved on a big-endian machine, which is not supported. Load and save it again on a little-endian one.");

        object? root = reader.Next("the pickle", reader);
        reader.Locate(reader.Next("the list of storages"));
        return (root, reader._notRead);
    }

    public TensorStorage Find(string key, int elementSize, long count)
    {
        if (_storages.TryGetValue(key, out (FileStorage Storage, int ElementSize) known))
        {
            if (known.ElementSize != elementSize || known.Storage.Length != count * elementSize)
                throw new CheckpointException(_file.Name, $"storage {key} is mentioned with two sizes or types. The file is damaged; copy it again.");
            return known.Storage;
        }

        if (count > (_file.Length - _declared) / elementSize)
            throw new CheckpointException(_file.Name, $"the file is too short for the {count} elements of storage {key}. Download or copy it again.");
        FileStorage storage = new(_file, 0, count * elementSize);
        _declared += storage.Length;
        _storages.Add(key, (storage, elementSize));
        return storage;
    }

    private object? Next(string part, IStorageSource? storages = null)
    {
        Unpickler unpickler = new(_pickles.AsSpan(_position), _file.Name, part, storages);
        object? value = unpickler.Load();
        if (storages is not null)
            _notRead = unpickler.NotRead;
        _position += unpickler.Position;
        return value;
    }

    /// <summary>Walks the storages behind the pickles in the order of their keys.</summary>
    private void Locate(object? keys)
    {
        if (keys is not PickledList list)
            throw new CheckpointException(_file.Name, "the list of storages is damaged. Copy the file again.");
        long position = _position;
        HashSet<string> seen = [];
        foreach (object? item in list)
        {
            if (item is not string key || !_storages.TryGetValue(key, out (FileStorage Storage, int ElementSize) known) || !seen.Add(key))
                throw new CheckpointException(_file.Name, $"the list of storages names {item ?? "None"}, which no tensor lies in or which was named before. The file is damaged; copy it again.");
            if (_file.Length - position < sizeof(long) + known.Storage.Length)
                throw new CheckpointException(_file.Name, $"the file ends inside storage {key}. Download or copy it again.");
            long count = BinaryPrimitives.ReadInt64LittleEndian(_file.Read(position, sizeof(long)));
            if (count < 0 || count != known.Storage.Length / known.ElementSize)
                throw new CheckpointException(_file.Name, $"storage {key} has {count} elements where its tensors expect {known.Storage.Length / known.ElementSize}. The file is damaged; copy it again.");
            known.Storage.Start = position + sizeof(long);
            position += sizeof(long) + known.Storage.Length;
        }

        if (seen.Count < _storages.Count)
            throw new CheckpointException(_file.Name, $"{_storages.Count - seen.Count} storages that tensors lie in are missing. Download or copy the file again.");
    }
}
