using System.Runtime.InteropServices;
using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Tensors;

namespace PolaFormer.Training.Tests;

/// <summary>A case of the recipe family: values recorded from the authors' code.</summary>
internal sealed class RecipeFixture : IDisposable
{
    private readonly Checkpoint? _values;

    public RecipeFixture(string name)
    {
        string folder = SharedData.Recipe(name);
        Meta = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "meta.json"))).RootElement;
        string values = Path.Combine(folder, "case.safetensors");
        _values = File.Exists(values) ? Checkpoint.Open(values) : null;
    }

    public JsonElement Meta { get; }

    public Shape ShapeOf(string key) => _values![key].Shape;

    public float[] Floats(string key)
    {
        float[] values = new float[_values![key].Shape.Count];
        _values[key].ReadFloat32(values);
        return values;
    }

    public double[] Doubles(string key) => Read<double>(key);

    public long[] Integers(string key) => Read<long>(key);

    public double Tolerance(string key) => Meta.GetProperty("checks").GetProperty(key).GetProperty("atol").GetDouble();

    public void Dispose() => _values?.Dispose();

    private T[] Read<T>(string key)
        where T : unmanaged
    {
        var values = new T[_values![key].Shape.Count];
        _values[key].ReadBytes(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
