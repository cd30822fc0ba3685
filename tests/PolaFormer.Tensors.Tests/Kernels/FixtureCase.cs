using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace PolaFormer.Tensors.Tests.Kernels;

/// <summary>A case of the reference tensors beside the repository: arrays by name, and the tolerances of its results.</summary>
internal sealed class FixtureCase
{
    private readonly JsonDocument _tensors, _meta;
    private readonly byte[] _data;

    private FixtureCase(string folder)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(folder, "case.safetensors"));
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        _tensors = JsonDocument.Parse(file.AsMemory(8, header));
        _data = file[(8 + header)..];
        _meta = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "meta.json")));
    }

    /// <summary>Opens a case, or skips the test where the reference tensors are absent.</summary>
    public static FixtureCase Open(string family, string name)
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "PolaFormer.slnx")))
            root = root.Parent;
        string folder = root is null ? "" : Path.Combine(root.FullName, "..", "shared", "fixtures", family, name);
        if (!Directory.Exists(folder))
            Assert.Skip($"The reference tensors {family}/{name} are not beside the repository.");
        return new FixtureCase(folder);
    }

    public int[] Shape(string key) => [.. _tensors.RootElement.GetProperty(key).GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];

    public float[] Floats(string key) => MemoryMarshal.Cast<byte, float>(Bytes(key, "F32")).ToArray();

    public long[] Integers(string key) => MemoryMarshal.Cast<byte, long>(Bytes(key, "I64")).ToArray();

    /// <summary>Compares a result such as <c>out.y</c> or <c>grad.in.x</c> with the one in double precision.</summary>
    public void AssertMatches(string key, ReadOnlySpan<float> values)
    {
        ReadOnlySpan<double> right = MemoryMarshal.Cast<byte, double>(Bytes(key.Replace("out.", "out64.").Replace("grad.", "grad64."), "F64"));
        double tolerance = _meta.RootElement.GetProperty("checks").GetProperty(key).GetProperty("atol").GetDouble();
        KernelTesting.AssertClose(right, values, 0, tolerance);
    }

    private ReadOnlySpan<byte> Bytes(string key, string type)
    {
        JsonElement tensor = _tensors.RootElement.GetProperty(key);
        Assert.Equal(type, tensor.GetProperty("dtype").GetString());
        JsonElement offsets = tensor.GetProperty("data_offsets");
        return _data.AsSpan(offsets[0].GetInt32()..offsets[1].GetInt32());
    }
}
