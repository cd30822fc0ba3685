using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace PolaFormer.Vision.Tests;

/// <summary>The tensors of one reference case, read from its safetensors file.</summary>
internal sealed class ReferenceTensors
{
    private readonly byte[] _data;
    private readonly int _start;
    private readonly JsonElement _header;

    public ReferenceTensors(string path)
    {
        _data = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(_data);
        _header = JsonDocument.Parse(_data.AsMemory(8, length)).RootElement;
        _start = 8 + length;
    }

    public IEnumerable<string> Names => _header.EnumerateObject().Select(entry => entry.Name).Where(name => name != "__metadata__");

    public bool Contains(string name) => _header.TryGetProperty(name, out _);

    public int[] Shape(string name) => [.. _header.GetProperty(name).GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];

    public ReadOnlySpan<byte> Bytes(string name)
    {
        JsonElement offsets = _header.GetProperty(name).GetProperty("data_offsets");
        return _data.AsSpan((_start + offsets[0].GetInt32())..(_start + offsets[1].GetInt32()));
    }

    public ReadOnlySpan<float> Floats(string name) => MemoryMarshal.Cast<byte, float>(Bytes(name));

    /// <summary>A (height, width, 3) tensor of bytes.</summary>
    public Image Image(string name)
    {
        int[] shape = Shape(name);
        return new(shape[1], shape[0], Bytes(name));
    }
}
