using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Google.Protobuf;
using PolaFormer.Onnx.Format;

namespace PolaFormer.Onnx;

/// <summary>Collects the nodes and initializers of a graph and gives them names.</summary>
internal sealed class GraphBuilder
{
    private readonly Dictionary<string, int> _counts = [];
    private readonly Dictionary<string, string> _constants = [];

    /// <summary>What has been collected.</summary>
    public GraphProto Graph { get; } = new();

    /// <summary>Bytes of all initializers.</summary>
    public long InitializerBytes { get; private set; }

    /// <summary>Adds a node with one output.</summary>
    /// <returns>The name of the output, which is the node's.</returns>
    public string Node(string operation, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        int number = _counts[operation] = _counts.GetValueOrDefault(operation) + 1;
        var node = new NodeProto { OpType = operation, Name = $"{operation}_{number}" };
        node.Input.AddRange(inputs.ToArray());
        node.Output.Add(node.Name);
        node.Attribute.AddRange(attributes.ToArray());
        Graph.Node.Add(node);
        return node.Name;
    }

    /// <summary>Adds an initializer under a name of its own, once.</summary>
    public string Parameter(string name, ReadOnlySpan<float> values, ReadOnlySpan<long> extents)
    {
        string key = $"{name} {Text(extents)}";
        if (!_constants.TryGetValue(key, out string? known))
        {
            // A parameter that is used under a second shape is stored once more.
            string unique = Graph.Initializer.Any(initializer => initializer.Name == name) ? $"{name}:{Text(extents)}" : name;
            known = _constants[key] = Add(unique, TensorProto.Types.DataType.Float, MemoryMarshal.AsBytes(values), extents);
        }

        return known;
    }

    /// <summary>The initializer with these values, which equal ones share.</summary>
    public string Constant(ReadOnlySpan<float> values, ReadOnlySpan<long> extents) => Shared(TensorProto.Types.DataType.Float, MemoryMarshal.AsBytes(values), extents);

    /// <inheritdoc cref="Constant(ReadOnlySpan{float}, ReadOnlySpan{long})"/>
    public string Constant(params ReadOnlySpan<long> values) => Shared(TensorProto.Types.DataType.Int64, MemoryMarshal.AsBytes(values), [values.Length]);

    /// <summary>A single number.</summary>
    public string Scalar(float value) => Constant([value], []);

    /// <summary>An integer attribute.</summary>
    public static AttributeProto Attribute(string name, long value) => new() { Name = name, I = value, Type = AttributeProto.Types.AttributeType.Int };

    /// <summary>A floating-point attribute.</summary>
    public static AttributeProto Attribute(string name, float value) => new() { Name = name, F = value, Type = AttributeProto.Types.AttributeType.Float };

    /// <summary>A text attribute.</summary>
    public static AttributeProto Attribute(string name, string value) => new() { Name = name, S = ByteString.CopyFromUtf8(value), Type = AttributeProto.Types.AttributeType.String };

    /// <summary>A list of integers.</summary>
    public static AttributeProto Attribute(string name, params ReadOnlySpan<long> values) => new() { Name = name, Ints = { values.ToArray() }, Type = AttributeProto.Types.AttributeType.Ints };

    private string Shared(TensorProto.Types.DataType type, ReadOnlySpan<byte> bytes, ReadOnlySpan<long> extents)
    {
        string key = $"{type} {Text(extents)} {Convert.ToHexString(SHA256.HashData(bytes))}";
        if (!_constants.TryGetValue(key, out string? name))
            name = _constants[key] = Add($"constant_{_constants.Count}", type, bytes, extents);
        return name;
    }

    private string Add(string name, TensorProto.Types.DataType type, ReadOnlySpan<byte> bytes, ReadOnlySpan<long> extents)
    {
        Graph.Initializer.Add(new TensorProto { Name = name, DataType = type, Dims = { extents.ToArray() }, RawData = ByteString.CopyFrom(bytes) });
        InitializerBytes += bytes.Length;
        return name;
    }

    private static string Text(ReadOnlySpan<long> extents) => string.Join('x', extents.ToArray());
}
