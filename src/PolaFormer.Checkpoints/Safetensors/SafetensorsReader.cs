using System.Buffers.Binary;
using System.Text.Json;
using PolaFormer.Checkpoints.IO;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Safetensors;

/// <summary>
/// Reads the header of a safetensors file: 8 bytes of length, JSON of that length, then data that the tensors' ranges cover
/// without gap or overlap (https://huggingface.co/docs/safetensors).
/// </summary>
internal static class SafetensorsReader
{
    private const int LengthBytes = 8, MaxHeader = 100_000_000;

    /// <summary>Whether the file begins as a safetensors file does: a length, then an object.</summary>
    public static bool Recognizes(FileBytes file) => file.Length > LengthBytes && file.Read(LengthBytes, 1)[0] == '{';

    /// <summary>Reads names, types, shapes and places in the order of the header, and the metadata.</summary>
    public static (List<CheckpointEntry> Entries, OrderedDictionary<string, object?> Metadata) Read(FileBytes file)
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.Start(LengthBytes));
        if (length > MaxHeader || length > (ulong)(file.Length - LengthBytes))
            throw Fault(file, $"its header claims {length} bytes of the file's {file.Length}");
        FileStorage data = new(file, LengthBytes + (long)length, file.Length - LengthBytes - (long)length);
        try
        {
            Utf8JsonReader json = new(file.Read(LengthBytes, (int)length), new JsonReaderOptions { MaxDepth = 8 });
            return ReadHeader(file, ref json, data);
        }
        // Strings that are no UTF-8 surface as InvalidOperationException.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(file.Name, $"the safetensors header is damaged ({e.Message}). Download or copy the file again.", e);
        }
    }

    private static (List<CheckpointEntry>, OrderedDictionary<string, object?>) ReadHeader(FileBytes file, ref Utf8JsonReader json, FileStorage data)
    {
        List<CheckpointEntry> entries = [];
        List<DataRange> ranges = [];
        OrderedDictionary<string, object?> metadata = [];
        HashSet<string> names = [];
        json.Read();   // the opening brace, which Recognizes saw
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string name = json.GetString()!;
            if (!names.Add(name))
                throw Fault(file, $"it holds {name} twice");
            if (name == "__metadata__")
                ReadMetadata(file, ref json, metadata);
            else
                entries.Add(ReadEntry(file, ref json, name, data, ranges));
        }

        while (json.Read())
        {
            // Anything but the padding behind the object makes the reader throw.
        }

        CheckCoverage(file, ranges, data.Length);
        return (entries, metadata);
    }

    private static void ReadMetadata(FileBytes file, ref Utf8JsonReader json, OrderedDictionary<string, object?> metadata)
    {
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            throw Fault(file, "__metadata__ is no object");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string key = json.GetString()!;
            if (!json.Read() || json.TokenType != JsonTokenType.String)
                throw Fault(file, $"{key} in __metadata__ is no string");
            if (!metadata.TryAdd(key, json.GetString()))
                throw Fault(file, $"__metadata__ holds {key} twice");
        }
    }

    private static CheckpointEntry ReadEntry(FileBytes file, ref Utf8JsonReader json, string name, FileStorage data, List<DataRange> ranges)
    {
        DType? dtype = null;
        Shape? shape = null;
        long begin = -1, end = -1;
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            throw Fault(file, $"{name} is no object");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("dtype"u8) && dtype is null)
                dtype = ReadDType(file, ref json, name);
            else if (json.ValueTextEquals("shape"u8) && shape is null)
                shape = ReadShape(file, ref json, name);
            else if (json.ValueTextEquals("data_offsets"u8) && begin < 0)
                (begin, end) = ReadOffsets(file, ref json, name);
            else
                throw Fault(file, $"{name} has a field {json.GetString()} too many");
        }

        if (dtype is not { } type || shape is not { } extents || begin < 0)
            throw Fault(file, $"{name} lacks its dtype, shape or data_offsets");
        int size = type.Size();
        if (begin > end || end > data.Length)
            throw Fault(file, $"{name} lies at bytes {begin} to {end} of {data.Length}");
        if ((end - begin) % size != 0 || (end - begin) / size != extents.Count)
            throw Fault(file, $"{name} has {end - begin} bytes where {type} {extents} takes {extents.Count} × {size}");

        ranges.Add(new DataRange(begin, end, name));
        // Counting the offset in elements needs it aligned, which is not promised: each tensor is its own storage.
        FileStorage own = new(data.File, data.Start + begin, end - begin);
        return new CheckpointEntry(name, new StoredTensor(own, type, extents, 0, null));
    }

    private static DType ReadDType(FileBytes file, ref Utf8JsonReader json, string name)
    {
        if (!json.Read() || json.TokenType != JsonTokenType.String)
            throw Fault(file, $"the dtype of {name} is no string");
        string text = json.GetString()!;
        return SafetensorsDType.Parse(text)
            ?? throw new CheckpointException(file.Name, $"{name} has dtype {text}, which is not read here. Convert it to one of {SafetensorsDType.All} before saving.");
    }

    private static Shape ReadShape(FileBytes file, ref Utf8JsonReader json, string name)
    {
        Span<int> extents = stackalloc int[Shape.MaxRank];
        int rank = 0;
        long count = 1;
        if (!json.Read() || json.TokenType != JsonTokenType.StartArray)
            throw Fault(file, $"the shape of {name} is no list");
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (rank == Shape.MaxRank)
                throw Fault(file, $"{name} has more than {Shape.MaxRank} dimensions");
            if (json.TokenType != JsonTokenType.Number || !json.TryGetInt32(out int extent) || extent < 0)
                throw Fault(file, $"dimension {rank} of {name} is no whole number from 0 to {int.MaxValue}");
            // An extent of 0 counts as 1, which bounds the partial products a reader may form, too.
            if (Math.BigMul(count, Math.Max(1, extent), out long low) != 0 || low is < 0 or > long.MaxValue / 8)
                throw Fault(file, $"{name} has more elements than can be counted");
            (extents[rank++], count) = (extent, low);
        }

        return new Shape(extents[..rank]);
    }

    private static (long Begin, long End) ReadOffsets(FileBytes file, ref Utf8JsonReader json, string name)
    {
        if (json.Read() && json.TokenType == JsonTokenType.StartArray
            && json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetInt64(out long begin) && begin >= 0
            && json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetInt64(out long end) && end >= 0
            && json.Read() && json.TokenType == JsonTokenType.EndArray)
            return (begin, end);
        throw Fault(file, $"the data_offsets of {name} are not two whole numbers");
    }

    // A class, because the runtime has sorting compiled already for those, and loading is part of every start.
    private sealed record DataRange(long Begin, long End, string Name);

    /// <summary>The data is covered wholly and once: bytes outside every tensor could hide another file.</summary>
    private static void CheckCoverage(FileBytes file, List<DataRange> ranges, long length)
    {
        ranges.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long covered = 0;
        foreach ((long begin, long end, string name) in ranges)
        {
            if (begin != covered)
                throw Fault(file, $"{name} begins at byte {begin} of the data where {covered} was expected: tensors overlap or leave a gap");
            covered = end;
        }

        if (covered != length)
            throw Fault(file, $"its tensors end at byte {covered} of the data, the file at {length}");
    }

    private static CheckpointException Fault(FileBytes file, string what) =>
        new(file.Name, $"the safetensors file is damaged or cut off: {what}. Download or copy it again.");
}
