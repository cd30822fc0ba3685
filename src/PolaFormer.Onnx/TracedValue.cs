using PolaFormer.Tensors;

namespace PolaFormer.Onnx;

/// <summary>
/// What the storage of a traced tensor stands for: a value of the graph. Images exist channels-last, as our kernels keep
/// them, or channels-first, as ONNX convolves them; each form is made when it is first asked for.
/// </summary>
/// <param name="shape">The extents, channels last.</param>
internal sealed class TracedValue(Shape shape)
{
    /// <summary>The extents, channels last.</summary>
    public Shape Shape => shape;

    /// <summary>Name of the value; null while it exists channels-first only.</summary>
    public string? Name { get; set; }

    /// <summary>Name of the value with dimensions (B, C, H, W); null where nobody has asked for it.</summary>
    public string? ChannelsFirst { get; set; }

    /// <summary>The value under other shapes.</summary>
    public Dictionary<Shape, TracedValue> Views { get; } = [];

    /// <summary>Runs of the last dimension's columns, by first column and width.</summary>
    public Dictionary<(int Start, int Width), TracedValue> Columns { get; } = [];
}
