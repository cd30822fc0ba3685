using PolaFormer.Onnx.Format;
using PolaFormer.Tensors;

namespace PolaFormer.Onnx;

// One method a request: reads the operands' names, adds nodes, binds the result.
internal sealed partial class TracingDevice
{
    private void Copy(Tensor x, Tensor y) => Bind(y, Operand(x));

    private void Permute(Tensor x, Shape order, Tensor y) => Bind(y, Permuted(Operand(x), x.Shape, order.AsSpan(), y.Shape));

    private void Slice(Tensor x, int dimension, int start, Tensor y)
    {
        if (dimension == x.Rank - 1)
            _values[y.Storage] = ColumnsOf(x, start, y.Shape[dimension]);
        else
            Bind(y, Sliced(Operand(x), dimension, start, EndOf(x.Shape[dimension], start + y.Shape[dimension])));
    }

    // Parts come in order; the node is written with the last.
    private void SliceScatter(Tensor x, Tensor y, int dimension, int start)
    {
        List<string> parts = start == 0 ? _parts[y.Storage] = [] : _parts[y.Storage];
        parts.Add(Operand(x));
        if (start + x.Shape[dimension] == y.Shape[dimension])
            Bind(y, graph.Node("Concat", [.. parts], GraphBuilder.Attribute("axis", dimension)));
    }

    private void Roll(Tensor x, int dimension, int shift, Tensor y)
    {
        int extent = x.Shape[dimension], cut = ((-shift % extent) + extent) % extent;

        // From the end where that is nearer, so that an open extent is not needed.
        int from = cut > extent / 2 && Sizes.IsOfSize(extent) ? cut - extent : cut;
        string value = Operand(x);
        Bind(y, cut == 0 ? value : graph.Node("Concat", [Sliced(value, dimension, from, EndOf(extent, extent)), Sliced(value, dimension, 0, from)], GraphBuilder.Attribute("axis", dimension)));
    }

    // Beyond every end where the extent is open.
    private long EndOf(int extent, int end) => end == extent && Sizes.IsOpen(extent) ? long.MaxValue : end;

    private void Unary(UnaryFunction function, Tensor x, Tensor y)
    {
        // A function of single values goes with whatever form there is.
        TracedValue value = _values[x.Storage];
        if (value.Name is null && value.Shape == y.Shape)
            BindChannelsFirst(y, Unary(function, value.ChannelsFirst!));
        else
            Bind(y, Unary(function, NameOf(value)), value.Shape);
    }

    private void Affine(Tensor x, float scale, float offset, Tensor y)
    {
        TracedValue source = _values[x.Storage];
        string value = NameOf(source);
        if (scale == -1)
            value = graph.Node("Neg", [value]);
        else if (scale != 1)
            value = graph.Node("Mul", [value, graph.Scalar(scale)]);
        Bind(y, offset == 0 ? value : graph.Node("Add", [value, graph.Scalar(offset)]), source.Shape);
    }

    private void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y) => Bind(y, graph.Node(
        function switch
        {
            BinaryFunction.Add => "Add",
            BinaryFunction.Subtract => "Sub",
            BinaryFunction.Multiply => "Mul",
            BinaryFunction.Divide => "Div",
            BinaryFunction.Maximum => "Max",
            BinaryFunction.Minimum => "Min",
            BinaryFunction.Pow => "Pow",
            _ => throw NoForm(function.ToString()),
        },
        [Operand(a), Operand(b)]));

    private void Reduce(ReduceFunction function, Tensor x, long outer, int reduced, long inner, Tensor y)
    {
        var rows = new Shape(checked((int)outer), reduced, checked((int)inner));
        string operand = Operand(x.Reshape(rows));
        string operation = function switch { ReduceFunction.Sum => "ReduceSum", ReduceFunction.Mean => "ReduceMean", _ => "ReduceMax" };
        AttributeProto drop = GraphBuilder.Attribute("keepdims", 0);

        // The axes became an input in set 13 for the sum and in set 18 for the others.
        string result = function == ReduceFunction.Sum || options.Opset >= 18
            ? graph.Node(operation, [operand, graph.Constant(1L)], drop)
            : graph.Node(operation, [operand], GraphBuilder.Attribute("axes", [1L]), drop);
        Bind(y, result, [rows[0], rows[2]]);
    }

    private void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y) =>
        Bind(y, graph.Node("MatMul", [Transposed(a, transposeA), Transposed(b, transposeB)]));

    private void Linear(Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        var rows = new Shape(checked((int)(x.Count / x.Shape[-1])), x.Shape[-1]);
        string[] inputs = [Operand(x.Reshape(rows)), Operand(weight), .. Optional(bias)];
        Bind(y, graph.Node("Gemm", inputs, GraphBuilder.Attribute("transB", 1)), rows.With(1, y.Shape[-1]));
    }

    private void Softmax(Tensor x, Tensor y, bool logarithm) =>
        Bind(y, graph.Node(logarithm ? "LogSoftmax" : "Softmax", [Operand(x)], GraphBuilder.Attribute("axis", -1)));

    private void LayerNorm(Tensor x, Tensor? weight, Tensor? bias, float eps, Tensor y)
    {
        string[] inputs = [Operand(x), Operand(weight ?? Tensor.Full([x.Shape[-1]], 1, Cpu)), .. Optional(bias)];
        Bind(y, graph.Node("LayerNormalization", inputs, GraphBuilder.Attribute("axis", -1), GraphBuilder.Attribute("epsilon", eps)));
    }

    // Runtimes fold it into the convolution before it.
    private void BatchNorm(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor bias, Tensor y)
    {
        Tensor variance = (rstd * rstd).Reciprocal();
        string[] inputs = [ChannelsFirst(x), Operand(weight), Operand(bias), Operand(mean), Operand(variance)];
        BindChannelsFirst(y, graph.Node("BatchNormalization", inputs, GraphBuilder.Attribute("epsilon", 0f)));
    }

    private void Convolution(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        string[] inputs = [ChannelsFirst(x), Operand(weight), .. Optional(bias)];
        BindChannelsFirst(y, graph.Node(
            "Conv", inputs,
            GraphBuilder.Attribute("kernel_shape", [shape.KernelHeight, shape.KernelWidth]),
            GraphBuilder.Attribute("strides", [shape.StrideH, shape.StrideW]),
            GraphBuilder.Attribute("pads", [shape.PadH, shape.PadW, shape.PadH, shape.PadW]),
            GraphBuilder.Attribute("dilations", [shape.DilationH, shape.DilationW]),
            GraphBuilder.Attribute("group", shape.Groups)));
    }

    private void DepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, bool addInput, Tensor y)
    {
        string input = ChannelsFirst(x.Width == x.RowStride ? x.Source : x.Source.Slice(-1, x.Start, x.Width));
        (int height, int width, int channels, int side) = (y.Shape[1], y.Shape[2], weight.Shape[0], weight.Shape[2]);

        // Channels that share kernels in turns are images of their own.
        bool isShared = channels != x.Width;
        string images = isShared ? Reshaped(input, [checked(y.Shape[0] * (x.Width / channels)), channels, height, width]) : input;
        string[] inputs = [images, addInput ? WithIdentity(weight) : Operand(weight), .. Optional(bias)];
        string result = graph.Node(
            "Conv", inputs,
            GraphBuilder.Attribute("kernel_shape", [side, side]),
            GraphBuilder.Attribute("pads", [side / 2, side / 2, side / 2, side / 2]),
            GraphBuilder.Attribute("group", channels));
        if (isShared)
            result = Reshaped(result, [y.Shape[0], x.Width, height, width]);
        BindChannelsFirst(y, result);
    }

    // Kernels whose middle tap also adds the input.
    private string WithIdentity(Tensor weight)
    {
        float[] values = weight.ToArray();
        int taps = weight.Shape[2] * weight.Shape[3];
        for (int middle = taps / 2; middle < values.Length; middle += taps)
            values[middle] += 1;
        return parameterNames.TryGetValue(weight.Storage, out string? name)
            ? graph.Parameter($"{name}.with_input", values, Extents(weight.Shape))
            : graph.Constant(values, Extents(weight.Shape));
    }

    // Not cubic: its weights at the borders differ between the two formats.
    private void Interpolate(InterpolationMode mode, Tensor x, Tensor y)
    {
        if (!ReferenceEquals(x.Device, this) && !Sizes.IsOfSize(y.Shape))
        {
            Bind(y, Constant(x.Interpolate(y.Shape[1], y.Shape[2], mode)));
            return;
        }

        if (mode == InterpolationMode.Nearest)
        {
            // Rows and columns by number: a factor in floating point could choose a neighbour.
            string rows = graph.Node("Gather", [ChannelsFirst(x), NearestOf(x.Shape[1], y.Shape[1])], GraphBuilder.Attribute("axis", 2));
            BindChannelsFirst(y, graph.Node("Gather", [rows, NearestOf(x.Shape[2], y.Shape[2])], GraphBuilder.Attribute("axis", 3)));
            return;
        }

        if (mode is not (InterpolationMode.Bilinear or InterpolationMode.BilinearAligned))
            throw NoForm($"{mode} interpolation");
        string[] sizes = IsRatioFixed(x.Shape[1], y.Shape[1]) && IsRatioFixed(x.Shape[2], y.Shape[2])
            ? [graph.Constant([1, 1, y.Shape[1] / (float)x.Shape[1], y.Shape[2] / (float)x.Shape[2]], [4])]
            : ["", Sizes.All([y.Shape[0], y.Shape[3], y.Shape[1], y.Shape[2]])];
        BindChannelsFirst(y, graph.Node(
            "Resize", [ChannelsFirst(x), "", .. sizes],
            GraphBuilder.Attribute("mode", "linear"),
            GraphBuilder.Attribute("coordinate_transformation_mode", mode == InterpolationMode.Bilinear ? "half_pixel" : "align_corners")));
    }

    // Both are open, or neither.
    private bool IsRatioFixed(int inputs, int outputs) => Sizes.IsOfSize(inputs) == Sizes.IsOfSize(outputs);

    private static long[] Nearest(int inputs, int outputs) => [.. Enumerable.Range(0, outputs).Select(o => (long)o * inputs / outputs)];

    private void MaxPool(PoolWindow window, Tensor x, Tensor y) => BindChannelsFirst(y, graph.Node(
        "MaxPool", [ChannelsFirst(x)],
        GraphBuilder.Attribute("kernel_shape", [window.Kernel, window.Kernel]),
        GraphBuilder.Attribute("strides", [window.Stride, window.Stride]),
        GraphBuilder.Attribute("pads", [window.Padding, window.Padding, window.Padding, window.Padding])));

    // Averages over cells as products with constant matrices, rows first.
    private void AdaptiveAverage(Tensor x, Tensor y)
    {
        bool isOpen = Sizes.IsOfSize(x.Shape[1]);
        string rows = isOpen ? OpenAverages(x.Shape[1], y.Shape[1]) : graph.Constant(Averages(x.Shape[1], y.Shape[1], isTransposed: false), [y.Shape[1], x.Shape[1]]);
        string columns = isOpen
            ? graph.Node("Transpose", [OpenAverages(x.Shape[2], y.Shape[2])], GraphBuilder.Attribute("perm", [1, 0]))
            : graph.Constant(Averages(x.Shape[2], y.Shape[2], isTransposed: true), [x.Shape[2], y.Shape[2]]);
        BindChannelsFirst(y, graph.Node("MatMul", [graph.Node("MatMul", [rows, ChannelsFirst(x)]), columns]));
    }

    private static float[] Averages(int inputs, int outputs, bool isTransposed)
    {
        float[] matrix = new float[inputs * outputs];
        for (int o = 0; o < outputs; o++)
        {
            int from = (int)((long)o * inputs / outputs), to = (int)((((long)(o + 1) * inputs) + outputs - 1) / outputs);
            for (int i = from; i < to; i++)
                matrix[isTransposed ? (i * outputs) + o : (o * inputs) + i] = 1f / (to - from);
        }

        return matrix;
    }

    private TracedValue ColumnsOf(Tensor x, int start, int width)
    {
        // Columns of the value itself, whatever its leading dimensions: those of one run are one value.
        TracedValue value = _values[x.Storage].Shape[-1] == x.Shape[-1] ? _values[x.Storage] : ValueOf(x);
        if (!value.Columns.TryGetValue((start, width), out TracedValue? columns))
        {
            string name = Sliced(NameOf(value), value.Shape.Rank - 1, start, start + width);
            columns = value.Columns[(start, width)] = new TracedValue(value.Shape.With(-1, width)) { Name = name };
        }

        return columns;
    }

    private string Unary(UnaryFunction function, string x) => function switch
    {
        UnaryFunction.Negate => graph.Node("Neg", [x]),
        UnaryFunction.Abs => graph.Node("Abs", [x]),
        UnaryFunction.Exp => graph.Node("Exp", [x]),
        UnaryFunction.ExpMinusOneAsWritten => graph.Node("Sub", [graph.Node("Exp", [x]), graph.Scalar(1)]),
        UnaryFunction.Log => graph.Node("Log", [x]),
        UnaryFunction.Sqrt => graph.Node("Sqrt", [x]),
        UnaryFunction.Rsqrt => graph.Node("Reciprocal", [graph.Node("Sqrt", [x])]),
        UnaryFunction.Reciprocal => graph.Node("Reciprocal", [x]),
        UnaryFunction.Square => graph.Node("Mul", [x, x]),
        UnaryFunction.Sin => graph.Node("Sin", [x]),
        UnaryFunction.Cos => graph.Node("Cos", [x]),
        UnaryFunction.Tanh => graph.Node("Tanh", [x]),
        UnaryFunction.Sigmoid => graph.Node("Sigmoid", [x]),
        UnaryFunction.Softplus => graph.Node("Softplus", [x]),
        UnaryFunction.Relu => graph.Node("Relu", [x]),
        UnaryFunction.Gelu => Gelu(x),
        UnaryFunction.Silu => graph.Node("Mul", [x, graph.Node("Sigmoid", [x])]),
        UnaryFunction.Elu => graph.Node("Elu", [x]),
        UnaryFunction.Erf => graph.Node("Erf", [x]),
        _ => throw NoForm(function.ToString()),
    };

    // Before set 20 the five operators that runtimes look for and fuse.
    private string Gelu(string x)
    {
        if (options.Opset >= 20)
            return graph.Node("Gelu", [x]);
        string erf = graph.Node("Erf", [graph.Node("Div", [x, graph.Scalar(MathF.Sqrt(2))])]);
        return graph.Node("Mul", [graph.Node("Mul", [x, graph.Node("Add", [erf, graph.Scalar(1)])]), graph.Scalar(0.5f)]);
    }
}
