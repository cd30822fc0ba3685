using PolaFormer.Tensors;

namespace PolaFormer.Onnx;

// What follows from the height and width of the images where these are open.
internal sealed partial class TracingDevice
{
    // A constant whose extents follow from the size of the images: the same number everywhere, or that of a shift's mask.
    private string SizedConstant(Tensor x)
    {
        ReadOnlySpan<float> values = x.AsSpan<float>();
        if (!values.ContainsAnyExcept(values[0]))
            return Filled(x.Shape, values[0]);
        return LastOfGrid(x) ?? throw NoForm("values that follow from the size of the images, where that is open");
    }

    private string Filled(Shape shape, float value)
    {
        string filled = graph.Node("ConstantOfShape", [Sizes.All(shape)]);
        return value == 0 ? filled : graph.Node("Add", [filled, graph.Scalar(value)]);
    }

    // (rows·columns, …) of a grid of windows of which only those in the last row and in the last column differ from the others.
    private string? LastOfGrid(Tensor x)
    {
        int count = x.Shape[0], size = checked((int)(x.Count / count));
        float[] values = x.ToArray();
        for (int rows = 2; rows <= count / 2; rows++)
        {
            int columns = count / rows;
            if (count % rows != 0 || !Sizes.IsOfSize(rows) || !Sizes.IsOfSize(columns) || !Enumerable.Range(0, count).All(window => IsSame(window, Representative(window, rows, columns))))
                continue;
            float[] four = [.. Enumerable.Range(0, 4).SelectMany(kind => values.AsSpan(size * (((kind >> 1) * (rows - 1) * columns) + ((kind & 1) * (columns - 1))), size).ToArray())];
            string table = graph.Constant(four, [4, .. x.Shape.AsSpan()[1..].ToArray().Select(extent => (long)extent)]);
            string lastRow = graph.Node("Mul", [IsLast(rows), graph.Constant(2L)]);
            string kinds = graph.Node("Add", [graph.Node("Unsqueeze", [lastRow, graph.Constant(1L)]), IsLast(columns)]);
            return graph.Node("Gather", [table, graph.Node("Reshape", [kinds, graph.Constant(-1L)])], GraphBuilder.Attribute("axis", 0L));
        }

        return null;

        bool IsSame(int window, int other) => values.AsSpan(window * size, size).SequenceEqual(values.AsSpan(other * size, size));
    }

    private static int Representative(int window, int rows, int columns) =>
        ((window / columns == rows - 1 ? rows - 1 : 0) * columns) + (window % columns == columns - 1 ? columns - 1 : 0);

    // 0, 0, …, 1.
    private string IsLast(int extent)
    {
        string last = graph.Node("Sub", [Sizes.Of(extent), graph.Constant(1L)]);
        return graph.Node("Cast", [graph.Node("Equal", [Range(extent), last])], GraphBuilder.Attribute("to", (long)Format.TensorProto.Types.DataType.Int64));
    }

    // 0, 1, … of an open extent.
    private string Range(int extent) => graph.Node("Range", [Number(graph.Constant(0L)), Number(Sizes.Of(extent)), Number(graph.Constant(1L))]);

    private string Number(string vector) => graph.Node("Squeeze", [vector, graph.Constant(0L)]);

    private string Float(string integers) => graph.Node("Cast", [integers], GraphBuilder.Attribute("to", (long)Format.TensorProto.Types.DataType.Float));

    /// <summary>A number in proportion to an extent, to be added to a traced tensor.</summary>
    private Tensor Scaled(int extent, float factor)
    {
        if (!Sizes.IsOfSize(extent))
            return Tensor.Full([1], extent * factor, Cpu);
        Tensor y = Empty([1]);
        Bind(y, graph.Node("Mul", [Float(Sizes.Of(extent)), graph.Scalar(factor)]));
        return y;
    }

    private void RotaryTables(Tensor angle, int height, int width, Tensor sin, Tensor cos)
    {
        if (!Sizes.IsOfSize(height))
        {
            (Tensor knownSin, Tensor knownCos) = Tensor.RotaryTables(angle, height, width);
            Bind(sin, Constant(knownSin));
            Bind(cos, Constant(knownCos));
            return;
        }

        int channels = angle.Shape[0];
        string rows = Turns(height, [-1, 1, channels]), columns = Turns(width, [1, -1, channels]);
        Shape half = [height, width, channels];
        foreach ((string function, Tensor table) in ((string, Tensor)[])[("Sin", sin), ("Cos", cos)])
        {
            string[] halves = [.. ((string[])[rows, columns]).Select(turns => graph.Node("Expand", [graph.Node(function, [turns]), Sizes.All(half)]))];
            Bind(table, Reshaped(graph.Node("Concat", halves, GraphBuilder.Attribute("axis", 2L)), table.Shape));
        }

        string Turns(int extent, long[] shape)
        {
            string places = graph.Node("Unsqueeze", [Float(Range(extent)), graph.Constant(1L)]);
            return graph.Node("Reshape", [graph.Node("Mul", [places, Constant(angle)]), graph.Constant(shape)]);
        }
    }

    // Rows (cells, extent) that average the pixels of each cell, as AdaptiveAverage has them.
    private string OpenAverages(int extent, int cells)
    {
        long[] numbers = [.. Enumerable.Range(0, cells).Select(i => (long)i)];
        string size = Sizes.Of(extent), cell = graph.Constant(1L);
        string from = graph.Node("Div", [graph.Node("Mul", [graph.Constant(numbers), size]), graph.Constant((long)cells)]);
        string ends = graph.Node("Mul", [graph.Constant([.. numbers.Select(i => i + 1)]), size]);
        string to = graph.Node("Div", [graph.Node("Add", [ends, graph.Constant(cells - 1L)]), graph.Constant((long)cells)]);
        string places = Range(extent), first = graph.Node("Unsqueeze", [from, cell]), end = graph.Node("Unsqueeze", [to, cell]);
        string inside = graph.Node("And", [graph.Node("GreaterOrEqual", [places, first]), graph.Node("Less", [places, end])]);
        return graph.Node("Div", [Float(inside), Float(graph.Node("Sub", [end, first]))]);
    }

    // Numbers of the nearest inputs of an axis: o·inputs/outputs, rounded down.
    private string NearestOf(int inputs, int outputs)
    {
        if (!Sizes.IsOfSize(outputs))
            return graph.Constant(Nearest(inputs, outputs));
        return graph.Node("Div", [graph.Node("Mul", [Range(outputs), Sizes.Of(inputs)]), Sizes.Of(outputs)]);
    }
}
