using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Onnx;

/// <summary>
/// A device whose tensors carry no values but stand for values of an ONNX graph: a forward pass on it writes the graph.
/// Tensors of other devices are constants; what a model computes from its parameters alone is computed there and then.
/// <para>
/// The batch, and height and width where they are open, are traced as primes (<see cref="OpenExtents"/>).
/// </para>
/// </summary>
/// <param name="graph">Receives the nodes.</param>
/// <param name="parameterNames">Names of the storages that are parameters or buffers.</param>
/// <param name="options">Operator set and form of the power.</param>
internal sealed unsafe partial class TracingDevice(GraphBuilder graph, IReadOnlyDictionary<Storage, string> parameterNames, OnnxExportOptions options) : Device
{
    private readonly Dictionary<Storage, TracedValue> _values = [];
    private readonly Dictionary<Storage, List<string>> _parts = [];

    private OpenExtents? _sizes;

    /// <inheritdoc/>
    public override string Name => "onnx";

    private OpenExtents Sizes => _sizes ?? throw new InvalidOperationException("There are no images yet.");

    /// <summary>Makes the tensor that stands for the images, (B, H, W, C) here and (B, C, H, W) in the graph.</summary>
    public Tensor Images(string name, Shape shape, OpenExtents sizes)
    {
        _sizes = sizes;
        Tensor images = Empty(shape);
        BindChannelsFirst(images, name);
        return images;
    }

    /// <summary>Names the value that a tensor stands for as an output of the graph.</summary>
    public void Output(Tensor x, string name)
    {
        string value = Operand(x);
        graph.Graph.Node.Single(node => node.Output[0] == value).Output[0] = name;
    }

    internal override Device ForConstants => Cpu;

    internal override Storage Allocate(long bytes) => new ShapeOnlyStorage(this);

    internal override void CopyFromHost(void* source, Storage destination, long offset, long bytes) => throw NoForm("a value that is written by the processor");

    internal override void CopyToHost(Storage source, long offset, void* destination, long bytes) => throw NoForm("a value that the processor reads");

    private string Operand(Tensor x) => ReferenceEquals(x.Device, this) ? NameOf(ValueOf(x)) : Constant(x);

    private string[] Optional(Tensor? x) => x is null ? [] : [Operand(x)];

    private string Constant(Tensor x)
    {
        long[] extents = Extents(x.Shape);
        if (Sizes.IsOfSize(x.Shape))
            return SizedConstant(x);
        return parameterNames.TryGetValue(x.Storage, out string? name)
            ? graph.Parameter(name, x.AsSpan<float>(), extents)
            : graph.Constant(x.AsSpan<float>(), extents);
    }

    private TracedValue ValueOf(Tensor x)
    {
        TracedValue value = _values[x.Storage];
        if (x.Shape == value.Shape)
            return value;
        if (x.Count != value.Shape.Count)
            throw NoForm("a slice of the batch");
        if (!value.Views.TryGetValue(x.Shape, out TracedValue? view))
            view = value.Views[x.Shape] = new TracedValue(x.Shape) { Name = Reshaped(NameOf(value), x.Shape) };
        return view;
    }

    private string NameOf(TracedValue value)
    {
        if (value.Name is null)
        {
            Shape shape = value.Shape;
            value.Name = Permuted(value.ChannelsFirst!, [shape[0], shape[3], shape[1], shape[2]], [0, 2, 3, 1], shape);
        }

        return value.Name;
    }

    private string ChannelsFirst(Tensor x)
    {
        if (!ReferenceEquals(x.Device, this))
            return Constant(x.Permute(0, 3, 1, 2));
        TracedValue value = ValueOf(x);
        return value.ChannelsFirst ??= Permuted(NameOf(value), value.Shape, [0, 3, 1, 2], [x.Shape[0], x.Shape[3], x.Shape[1], x.Shape[2]]);
    }

    private void Bind(Tensor y, string value, Shape? shape = null) => _values[y.Storage] = new TracedValue(shape ?? y.Shape) { Name = value };

    private void BindChannelsFirst(Tensor y, string value) => _values[y.Storage] = new TracedValue(y.Shape) { ChannelsFirst = value };

    private string Reshaped(string value, Shape shape) => graph.Node("Reshape", [value, Sizes.Target(shape)]);

    private static long[] Extents(Shape shape) => [.. shape.AsSpan().ToArray().Select(extent => (long)extent)];

    // Where only extents of 1 move, the order in memory stays.
    private string Permuted(string value, Shape from, ReadOnlySpan<int> axes, Shape to)
    {
        int previous = -1;
        bool isReshape = true;
        foreach (int axis in axes)
        {
            if (from[axis] == 1)
                continue;
            isReshape &= axis > previous;
            previous = axis;
        }

        return isReshape
            ? Reshaped(value, to)
            : graph.Node("Transpose", [value], GraphBuilder.Attribute("perm", [.. axes.ToArray().Select(axis => (long)axis)]));
    }

    private string Transposed(Tensor x, bool transpose)
    {
        if (!transpose)
            return Operand(x);
        int[] axes = [.. Enumerable.Range(0, x.Rank - 2), x.Rank - 1, x.Rank - 2];
        return Permuted(Operand(x), x.Shape, axes, x.Shape.With(-2, x.Shape[-1]).With(-1, x.Shape[-2]));
    }

    private string Sliced(string value, int dimension, long start, long end) =>
        graph.Node("Slice", [value, graph.Constant(start), graph.Constant(end), graph.Constant((long)dimension)]);

    private static NotSupportedException NoForm(string what) => new($"The ONNX exporter does not write {what} yet; add it to {nameof(TracingDevice)}.");
}
