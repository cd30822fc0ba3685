using System.Runtime.InteropServices;
using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>A folder of reference values: <c>meta.json</c> and, mostly, <c>case.safetensors</c>.</summary>
internal sealed class FixtureCase : IDisposable
{
    private const string MetaName = "meta.json", TensorsName = "case.safetensors";

    private readonly JsonDocument _meta;
    private readonly Checkpoint? _tensors;

    private FixtureCase(string folder, JsonDocument meta, Checkpoint? tensors)
    {
        (Folder, _meta, _tensors) = (folder, meta, tensors);
        Case = Meta.Text("case") ?? Path.GetFileName(folder);
        Family = Meta.Text("family") ?? Path.GetFileName(Path.GetDirectoryName(folder)) ?? "";
    }

    /// <summary>Where the case lies.</summary>
    public string Folder { get; }

    /// <summary>Name within the family.</summary>
    public string Case { get; }

    /// <summary>Family: A_modules, B_models, …</summary>
    public string Family { get; }

    /// <summary>The description.</summary>
    public JsonElement Meta => _meta.RootElement;

    /// <summary>Put before names in formulas.</summary>
    public string Salt => Meta.Text("salt") ?? "";

    /// <summary>Names of all tensors.</summary>
    public IEnumerable<string> Keys => _tensors?.Entries.Select(entry => entry.Name) ?? [];

    /// <summary>All folders with a case at or below a folder, in order.</summary>
    public static IReadOnlyList<string> Find(string folder) =>
        [.. Directory.EnumerateFiles(folder, MetaName, SearchOption.AllDirectories).Select(path => Path.GetDirectoryName(Path.GetFullPath(path))!).Order(StringComparer.Ordinal)];

    /// <summary>Opens a folder.</summary>
    public static FixtureCase Open(string folder)
    {
        string tensors = Path.Combine(folder, TensorsName);
        var meta = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, MetaName)));
        return new FixtureCase(folder, meta, File.Exists(tensors) ? Checkpoint.Open(tensors, new CheckpointOptions { StripModulePrefix = false }) : null);
    }

    /// <summary>Path of a file of the case.</summary>
    public string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool Has(string key) => _tensors is not null && _tensors.TryGetValue(key, out _);

    /// <summary>Names of the tensors that begin so, without the beginning.</summary>
    public IEnumerable<string> Suffixes(string prefix) => Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).Select(key => key[prefix.Length..]);

    /// <summary>Extents of a tensor.</summary>
    public Shape ShapeOf(string key) => Entry(key).Shape;

    /// <summary>Element type of a tensor.</summary>
    public DType TypeOf(string key) => Entry(key).DType;

    /// <summary>A tensor's values as float32.</summary>
    public float[] Floats(string key)
    {
        CheckpointEntry entry = Entry(key);
        float[] values = new float[entry.Shape.Count];
        entry.ReadFloat32(values);
        return values;
    }

    /// <summary>A tensor's values, none rounded.</summary>
    public double[] Doubles(string key) => Widened(Entry(key));

    /// <summary>A tensor's raw bytes.</summary>
    public byte[] Bytes(string key) => Raw(Entry(key));

    /// <summary>The values of any checkpoint's entry, none rounded.</summary>
    public static double[] Widened(CheckpointEntry entry)
    {
        switch (entry.DType)
        {
            case DType.Float64:
                return MemoryMarshal.Cast<byte, double>(Raw(entry)).ToArray();
            case DType.Int64:
                return [.. MemoryMarshal.Cast<byte, long>(Raw(entry)).ToArray().Select(value => (double)value)];
            case DType.Int32:
                return [.. MemoryMarshal.Cast<byte, int>(Raw(entry)).ToArray().Select(value => (double)value)];
            default:
                float[] values = new float[entry.Shape.Count];
                entry.ReadFloat32(values);
                return Array.ConvertAll(values, value => (double)value);
        }
    }

    /// <summary>The bytes of any checkpoint's entry.</summary>
    public static byte[] Raw(CheckpointEntry entry)
    {
        byte[] bytes = new byte[entry.ByteCount];
        entry.ReadBytes(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meta.Dispose();
        _tensors?.Dispose();
    }

    private CheckpointEntry Entry(string key) =>
        _tensors is null ? throw new InvalidDataException($"There is no {TensorsName}.") : _tensors[key];
}
