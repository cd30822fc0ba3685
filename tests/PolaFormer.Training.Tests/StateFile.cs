using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace PolaFormer.Training.Tests;

/// <summary>A saved state whose fields a test changes, under a digest that fits: as from a program that is wrong, or from somebody who wants harm.</summary>
internal sealed class StateFile
{
    private readonly JsonObject _header;
    private readonly byte[] _data;

    public StateFile(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        _header = JsonNode.Parse(bytes.AsSpan(8, length))!.AsObject();
        _data = bytes[(8 + length)..];
    }

    /// <summary>Writes the state with another value of a field, or without it.</summary>
    public void Write(string path, string field, string? value)
    {
        JsonObject header = _header.DeepClone().AsObject(), metadata = header["__metadata__"]!.AsObject();
        if (value is null)
            metadata.Remove(field);
        else
            metadata[field] = value;
        metadata["sha256"] = Digest(header, metadata);
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, [.. length, .. json, .. _data]);
    }

    // As TrainingCheckpoint's: the fields in order of their names, then the tensors in the order of the header.
    private string Digest(JsonObject header, JsonObject metadata)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string key, JsonNode? value) in metadata.Where(entry => entry.Key != "sha256").OrderBy(entry => entry.Key, StringComparer.Ordinal))
            hash.AppendData(Encoding.UTF8.GetBytes($"{key}={value!.GetValue<string>()}\n"));
        foreach ((string name, JsonNode? tensor) in header.Where(entry => entry.Key != "__metadata__"))
        {
            int[] offsets = [.. tensor!["data_offsets"]!.AsArray().Select(offset => offset!.GetValue<int>())];
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(_data.AsSpan(offsets[0]..offsets[1]));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
