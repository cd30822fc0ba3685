using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using PolaFormer.Analysis;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Conformance;

/// <summary>
/// Family F: single operators with gradients, entropies and attention maps. A case is told by the beginning of its name;
/// strides, sizes and the like follow from the shapes.
/// </summary>
internal static class MathCases
{
    private const double DoubleTolerance = 1e-9;
    private const float Alpha = 4;

    private static readonly Dictionary<string, Func<Tensor, Tensor>> s_functions = new()
    {
        ["elu_plus_one"] = x => x.Apply(UnaryFunction.Elu) + 1,
        ["exp"] = x => x.Exp(),
        ["gelu"] = x => x.Gelu(),
        ["log_softmax"] = x => x.LogSoftmax(),
        ["log"] = x => x.Log(),
        ["norm_last"] = x => x / (x * x).Sum(-1, keepDimensions: true).Sqrt(),
        ["relu"] = x => x.Relu(),
        ["sigmoid"] = x => x.Sigmoid(),
        ["silu"] = x => x.Silu(),
        ["softmax"] = x => x.Softmax(),
        ["softplus"] = x => x.Softplus(),
        ["sqrt"] = x => x.Sqrt(),
        ["swish"] = x => x.Silu(),
        ["tanh"] = x => x.Tanh(),
    };

    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        string name = fixture.Case;
        bool Begins(string prefix) => name.StartsWith(prefix, StringComparison.Ordinal);
        if (fixture.Meta.Field("sequences") is { } sequences)
            RunEntropy(fixture, comparison, sequences);
        else if (fixture.Meta.Field("rows") is { } rows)
            RunPowers(comparison, rows);
        else if (fixture.Suffixes("f64.map.").Any())
            RunMaps(fixture, comparison);
        else if (Begins("linspace"))
            RunLinspace(fixture, comparison);
        else if (fixture.Has("in.w") && fixture.ShapeOf("in.w").Rank == 4)
            Differentiate(fixture, comparison, Layout.ChannelsFirst, operands => [("y", Convolution(fixture, operands))]);
        else if (Begins("batchnorm"))
            RunBatchNorm(fixture, comparison, isTraining: !name.Contains("eval", StringComparison.Ordinal));
        else if (Begins("layernorm"))
            Differentiate(fixture, comparison, Layout.Same, operands => [("y", operands["x"].LayerNorm(operands["w"], operands["b"], Eps(fixture)))]);
        else if (Begins("linear"))
            Differentiate(fixture, comparison, Layout.Same, operands => [("y", operands["x"].Linear(operands["w"], operands.GetValueOrDefault("b")))]);
        else if (Begins("adaptive_avgpool"))
            Differentiate(fixture, comparison, Layout.ChannelsFirst, operands => [.. fixture.Suffixes("out.").Select(output => (output, AveragePool(operands["x"], fixture.ShapeOf($"out.{output}"))))]);
        else if (Begins("interp"))
            Differentiate(fixture, comparison, Layout.ChannelsFirst, operands => [("y", Interpolate(operands["x"], fixture.ShapeOf("out.y"), name))]);
        else if (Begins("chunk"))
            Differentiate(fixture, comparison, Layout.Same, operands => Chunks(fixture, operands["x"]));
        else if (Begins("relu_pow"))
            Differentiate(fixture, comparison, Layout.Same, operands => Powers(operands["x"], operands["p"]));
        else if (Begins("exp_minus_one"))
            Differentiate(fixture, comparison, Layout.Same, operands => [("y", ExpMinusOne(fixture, operands["x"]))]);
        else if (Begins("roll"))
            Differentiate(fixture, comparison, Layout.Same, operands => [("y", Roll(fixture, operands["x"]))]);
        else if (fixture.Has("in.mask"))
            Differentiate(fixture, comparison, Layout.Same, operands => [("y", (operands["x"] + operands["mask"]).Softmax())]);
        else if (s_functions.Keys.OrderByDescending(key => key.Length).FirstOrDefault(Begins) is { } key)
            Differentiate(fixture, comparison, Layout.Same, operands => [("y", s_functions[key](operands["x"]))]);
        else
            throw new CapabilityMissingException($"the operator of '{name}' is unknown");
    }

    /// <summary>Runs an operator forward and backward from the case's cotangents; x and the outputs are in the given layout.</summary>
    private static void Differentiate(FixtureCase fixture, Comparison comparison, Layout layout, Func<Dictionary<string, Tensor>, IReadOnlyList<(string Name, Tensor Value)>> function)
    {
        var operands = new Dictionary<string, Tensor>();
        foreach (string name in fixture.Suffixes("in."))
        {
            operands[name] = LayoutOf(name).Import(fixture.Floats($"in.{name}"), fixture.ShapeOf($"in.{name}"));
            operands[name].RequiresGrad = fixture.Has($"grad.in.{name}");
        }

        using (var tape = Tape.Start())
        {
            Tensor? loss = null;
            foreach ((string name, Tensor value) in function(operands))
            {
                comparison.Close($"out.{name}", layout.Export(value));
                Tensor term = (value * layout.Import(fixture.Floats($"cot.{name}"), fixture.ShapeOf($"cot.{name}")).Reshape(value.Shape)).Sum();
                loss = loss is null ? term : loss + term;
            }

            tape.Backward(loss!);
        }

        foreach (string name in fixture.Suffixes("grad.in."))
            comparison.Close($"grad.in.{name}", LayoutOf(name).Export(operands[name].Grad!));

        Layout LayoutOf(string name) => name == "x" ? layout : Layout.Same;
    }

    private static Tensor Convolution(FixtureCase fixture, Dictionary<string, Tensor> operands)
    {
        Tensor x = operands["x"], weight = operands["w"];
        Shape output = fixture.ShapeOf("out.y");
        int kernel = weight.Shape[2];

        // The usual kinds first: patches, size kept, halved; then whatever gives the output's size.
        IEnumerable<(int Stride, int Padding)> usual = [(kernel, 0), (1, kernel / 2), (2, kernel / 2)];
        var all = from stride in Enumerable.Range(1, 8) from padding in Enumerable.Range(0, kernel) select (stride, padding);
        foreach ((int stride, int padding) in usual.Concat(all))
        {
            if (Extent(x.Shape[1], kernel, stride, padding) == output[2] && Extent(x.Shape[2], weight.Shape[3], stride, padding) == output[3])
                return x.Conv2d(weight, operands.GetValueOrDefault("b"), stride, padding, 1, x.Shape[3] / weight.Shape[1]);
        }

        throw new InvalidDataException($"No stride and padding take {x.Shape} to {output} with a kernel of {kernel}.");
    }

    private static int Extent(int extent, int kernel, int stride, int padding) => ((extent + (2 * padding) - kernel) / stride) + 1;

    private static Tensor AveragePool(Tensor x, Shape output) => x.Rank == 4
        ? x.AdaptiveAveragePool(output[2], output[3])
        : x.Reshape(x.Shape[0], 1, x.Shape[1], x.Shape[2]).AdaptiveAveragePool(1, output[2]).Reshape(x.Shape[0], output[2], x.Shape[2]);

    private static Tensor Interpolate(Tensor x, Shape output, string name) => x.Rank == 3
        ? x.InterpolateTokens(output[2])
        : x.Interpolate(output[2], output[3], name.Contains("bicubic", StringComparison.Ordinal) ? InterpolationMode.Bicubic : InterpolationMode.Bilinear);

    // torch.chunk along the last dimension: outputs a, b, … one after another.
    private static List<(string Name, Tensor Value)> Chunks(FixtureCase fixture, Tensor x)
    {
        var chunks = new List<(string Name, Tensor Value)>();
        int start = 0;
        foreach (string name in fixture.Suffixes("out.").Order(StringComparer.Ordinal))
        {
            int length = fixture.ShapeOf($"out.{name}")[-1];
            chunks.Add((name, x.Slice(-1, start, length)));
            start += length;
        }

        return chunks;
    }

    private static List<(string Name, Tensor Value)> Powers(Tensor x, Tensor power)
    {
        Tensor exponent = (power.Sigmoid() * Alpha) + 1;
        return [("pos", x.Relu().Pow(exponent)), ("neg", (-x).Relu().Pow(exponent))];
    }

    // The feature map of PolaFormer++, exp(s·relu(x)) − 1; s follows from the largest value.
    private static Tensor ExpMinusOne(FixtureCase fixture, Tensor x)
    {
        (double largest, double value) = fixture.Doubles("in.x").Zip(fixture.Doubles("out64.y")).MaxBy(pair => pair.First);
        return (x.Relu() * (float)(Math.Log(value + 1) / largest)).Apply(UnaryFunction.ExpMinusOneAsWritten);
    }

    // The shifts along rows and columns are those that give the expected output.
    private static Tensor Roll(FixtureCase fixture, Tensor x)
    {
        float[] expected = fixture.Floats("out.y");
        for (int rows = 0; rows < x.Shape[1]; rows++)
        {
            for (int columns = 0; columns < x.Shape[2]; columns++)
            {
                if (x.Detach().Roll(1, rows).Roll(2, columns).ToArray().SequenceEqual(expected))
                    return x.Roll(1, rows).Roll(2, columns);
            }
        }

        throw new InvalidDataException("No shift of rows and columns gives the expected output.");
    }

    private static float Eps(FixtureCase fixture)
    {
        Match note = Regex.Match(fixture.Meta.Text("note") ?? "", @"eps ([\d.e+-]+)");
        return note.Success ? float.Parse(note.Groups[1].Value.TrimEnd('.'), CultureInfo.InvariantCulture) : 1e-5f;
    }

    // Running statistics start at 0.2·s(name + "rm") and 1 + u(name + "rv").
    private static void RunBatchNorm(FixtureCase fixture, Comparison comparison, bool isTraining)
    {
        Shape channels = fixture.ShapeOf("out.running_mean");
        string name = fixture.Salt.TrimEnd(':');
        Tensor mean = Tensor.From(FormulaValues.Symmetric($"{name}rm", channels.Count), channels) * 0.2f;
        Tensor variance = Tensor.From(FormulaValues.Unit($"{name}rv", channels.Count), channels) + 1;
        Differentiate(fixture, comparison, Layout.ChannelsFirst, operands =>
        [
            ("y", isTraining
                ? operands["x"].BatchNormTrain(operands["w"], operands["b"], mean, variance, 0.1f, 1e-5f)
                : operands["x"].BatchNormEvaluate(operands["w"], operands["b"], mean, variance, 1e-5f)),
        ]);
        comparison.Close("out.running_mean", mean.ToArray());
        comparison.Close("out.running_var", variance.ToArray());
    }

    // Keys are out.RATE.COUNT, RATE with a dot of its own.
    private static void RunLinspace(FixtureCase fixture, Comparison comparison)
    {
        foreach (string name in fixture.Suffixes("out."))
        {
            int dot = name.LastIndexOf('.');
            float[] schedule = DropPath.Schedule(float.Parse(name[..dot], CultureInfo.InvariantCulture), int.Parse(name[(dot + 1)..], CultureInfo.InvariantCulture));
            comparison.Exact($"out.{name}", Array.ConvertAll(schedule, value => (double)value));
        }
    }

    private static void RunEntropy(FixtureCase fixture, Comparison comparison, JsonElement sequences)
    {
        JsonElement values = fixture.Meta.GetProperty("values");
        double tolerance = fixture.Meta.Text("tolerance") is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : 1e-12;
        foreach (JsonProperty sequence in sequences.EnumerateObject())
        {
            double[] items = [.. sequence.Value.EnumerateArray().Select(item => item.GetDouble())];
            comparison.Within(sequence.Name, AttentionEntropy.Of(items), values.GetProperty(sequence.Name).GetDouble(), tolerance);
        }
    }

    private static void RunPowers(Comparison comparison, JsonElement rows)
    {
        JsonElement[] all = [.. rows.EnumerateArray()];
        float[] Column(string name) => [.. all.Select(row => row.GetProperty(name) is { ValueKind: JsonValueKind.String } text ? Named(text.GetString()!) : row.GetProperty(name).GetSingle())];
        float[] baseValues = Column("base"), exponentValues = Column("exponent");
        Tensor bases = Tensor.From(baseValues, [all.Length]), exponents = Tensor.From(exponentValues, [all.Length]);
        bases.RequiresGrad = exponents.RequiresGrad = true;
        float[] values;
        using (var tape = Tape.Start())
        {
            Tensor power = bases.Pow(exponents);
            values = power.ToArray();
            tape.Backward(power.Sum());
        }

        Compare("value", values);
        Compare("d_base", bases.Grad!.ToArray());
        Compare("d_exponent", exponents.Grad!.ToArray());

        void Compare(string name, float[] actual)
        {
            float[] expected = Column($"{name}32");
            for (int i = 0; i < expected.Length; i++)
                comparison.Within($"{name} of {baseValues[i]}^{exponentValues[i]}", actual[i], expected[i], 1e-6 + (1e-5 * Math.Abs(expected[i])));
        }
    }

    private static float Named(string number) => number switch
    {
        "inf" => float.PositiveInfinity,
        "-inf" => float.NegativeInfinity,
        _ => float.NaN,
    };

    private static void RunMaps(FixtureCase fixture, Comparison comparison)
    {
        double[] queries = fixture.Doubles("in.q"), keys = fixture.Doubles("in.k");
        int headDim = fixture.ShapeOf("in.q")[-1], columns = fixture.ShapeOf("in.k")[0];
        (double[] same, double[] opposite) = AttentionMaps.Polarity(queries, keys, Given("power"));
        (double[] sharpSame, double[] sharpOpposite) = AttentionMaps.PolarityPlusPlus(queries, keys, Given("s1"), Given("s2"));
        var maps = new Dictionary<string, double[]>
        {
            ["softmax"] = AttentionMaps.Softmax(queries, keys, headDim),
            ["elu"] = AttentionMaps.Elu(queries, keys, headDim),
            ["relu"] = AttentionMaps.Relu(queries, keys, headDim),
            ["focused"] = AttentionMaps.Focused(queries, keys, headDim),
            ["pola_sim"] = same,
            ["pola_opp"] = opposite,
            ["pp_sim"] = sharpSame,
            ["pp_opp"] = sharpOpposite,
        };
        foreach (string name in fixture.Suffixes("f64.map."))
        {
            double[] entropies = AttentionEntropy.OfRows(maps[name], columns);
            Compare($"f64.map.{name}", maps[name]);
            Compare($"f64.entropy.{name}", entropies);
            if (fixture.Meta.Field("mean_entropy")?.Field(name) is { } mean)
                comparison.Within($"mean entropy of {name}", entropies.Average(), mean.GetDouble(), DoubleTolerance);
        }

        void Compare(string key, double[] actual) => comparison.Close(key, actual, DoubleTolerance * fixture.Doubles(key).Max(Math.Abs));

        double[] Given(string name)
        {
            comparison.Excuse($"f64.{name}");
            return fixture.Doubles($"f64.{name}");
        }
    }
}
