using PolaFormer.Tensors;

namespace PolaFormer.Onnx;

/// <summary>
/// Extents that a graph leaves open. Each is traced as a prime that divides no extent of the network, times the number of pixels that it must
/// be a multiple of; so an extent of any tensor tells by its prime factors how it follows from the images.
/// </summary>
/// <param name="graph">Receives the nodes that compute extents.</param>
/// <param name="images">Name of the input, (B, C, H, W).</param>
/// <param name="height">Prime of the height; 0 where it is fixed.</param>
/// <param name="width">Prime of the width; 0 where it is fixed.</param>
/// <param name="divisor">What an open height and width are multiples of, in pixels.</param>
internal sealed class OpenExtents(GraphBuilder graph, string images, int height, int width, int divisor)
{
    /// <summary>The traced batch: a prime that divides no extent of a network.</summary>
    public const int Batch = 1009;

    private readonly Dictionary<Shape, string> _shapes = [];
    private readonly Dictionary<(int, int, int, int), string> _extents = [];

    /// <summary>Whether an extent follows from the images.</summary>
    public bool IsOpen(int extent) => extent > 0 && (extent % Batch == 0 || IsOfSize(extent));

    /// <summary>Whether an extent follows from the height or width of the images.</summary>
    public bool IsOfSize(int extent) => extent > 0 && height > 0 && (extent % height == 0 || extent % width == 0);

    /// <summary>Whether the height or width of the images is in any extent.</summary>
    public bool IsOfSize(Shape shape)
    {
        bool found = false;
        foreach (int extent in shape.AsSpan())
            found |= IsOfSize(extent);
        return found;
    }

    /// <summary>The shape that Reshape takes: −1 for one open extent, the batch first; others are computed.</summary>
    public string Target(Shape shape)
    {
        if (_shapes.TryGetValue(shape, out string? known))
            return known;
        int[] extents = shape.AsSpan().ToArray();
        int inferred = Array.FindIndex(extents, extent => extent > 0 && extent % Batch == 0);
        if (inferred < 0)
            inferred = Array.FindIndex(extents, IsOpen);
        return _shapes[shape] = Joined(extents, inferred);
    }

    /// <summary>All extents of a shape, computed where they are open.</summary>
    public string All(Shape shape) => Joined(shape.AsSpan().ToArray(), inferred: -1);

    /// <summary>An extent as a vector of one number.</summary>
    public string Of(int extent)
    {
        (int batch, int rows, int columns, int factor) = (0, 0, 0, extent);
        for (; factor > 0 && factor % Batch == 0; factor /= Batch)
            batch++;
        for (; height > 0 && factor > 0 && factor % height == 0; factor /= height)
            rows++;
        for (; width > 0 && factor > 0 && factor % width == 0; factor /= width)
            columns++;
        if (batch + rows + columns == 0)
            return graph.Constant((long)extent);
        if (_extents.TryGetValue((batch, rows, columns, factor), out string? known))
            return known;
        string? value = null;
        foreach ((int count, int axis) in ((int, int)[])[(batch, 0), (rows, 2), (columns, 3)])
        {
            for (int i = 0; i < count; i++)
                value = value is null ? Unit(axis) : graph.Node("Mul", [value, Unit(axis)]);
        }

        value = factor == 1 ? value! : graph.Node("Mul", [value!, graph.Constant((long)factor)]);
        return _extents[(batch, rows, columns, factor)] = value;
    }

    // The batch, or how many times the divisor is in a side.
    private string Unit(int axis)
    {
        (int, int, int, int) key = (-1, axis, 0, 0);
        if (_extents.TryGetValue(key, out string? known))
            return known;
        string side = graph.Node("Gather", [graph.Node("Shape", [images]), graph.Constant((long)axis)]);
        return _extents[key] = axis == 0 ? side : graph.Node("Div", [side, graph.Constant((long)divisor)]);
    }

    private string Joined(int[] extents, int inferred)
    {
        long[] numbers = [.. extents.Select((extent, i) => i == inferred ? -1L : extent)];
        return numbers.All(number => number < 0 || !IsOpen((int)number))
            ? graph.Constant(numbers)
            : graph.Node("Concat", [.. numbers.Select(number => number < 0 ? graph.Constant(number) : Of((int)number))], GraphBuilder.Attribute("axis", 0L));
    }
}
