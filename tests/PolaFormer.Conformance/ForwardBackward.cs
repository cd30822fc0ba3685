using System.Text.Json;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Conformance;

/// <summary>Runs a subject forward, backward from the case's cotangent, and compares outputs, gradients and statistics.</summary>
internal static class ForwardBackward
{
    private const string InputName = "input", OutputName = "y";

    /// <summary>Fills the state, runs and compares.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison, Subject subject)
    {
        if (subject.Module is { } module)
        {
            LoadState(fixture, comparison, module);
            if (fixture.Meta.Field("train_mode")?.GetBoolean() ?? false)
                module.Train();
            else
                module.Evaluate();
        }

        Shape shape = InputShape(fixture);
        float[] values = fixture.Has($"in.{InputName}") ? fixture.Floats($"in.{InputName}") : FormulaValues.Symmetric(fixture.Salt + InputName, shape.Count);
        Tensor input = subject.Input.Import(values, shape);
        input.RequiresGrad = true;

        Tensor output;
        using (var tape = Tape.Start())
        {
            output = subject.Forward(input);
            string key = $"cot.{OutputName}";
            Shape outputShape = fixture.ShapeOf($"out.{OutputName}");
            float[] cotangent = fixture.Has(key) ? fixture.Floats(key) : FormulaValues.Symmetric(fixture.Salt + key, outputShape.Count);
            tape.Backward(output, subject.Output.Import(cotangent, outputShape).Reshape(output.Shape));
        }

        comparison.Close($"out.{OutputName}", subject.Output.Export(output));
        if (fixture.Has($"grad.in.{InputName}"))
            comparison.Close($"grad.in.{InputName}", subject.Input.Export(input.Grad!));
        if (subject.Module is not null)
        {
            CompareGradients(fixture, comparison, subject.Module);
            CompareStatistics(fixture, comparison, subject.Module);
        }
    }

    /// <summary>Compares the gradient of every parameter: <c>grad.param.*</c>, and none where the case says so.</summary>
    public static void CompareGradients(FixtureCase fixture, Comparison comparison, Module module)
    {
        Dictionary<string, Parameter> parameters = module.NamedParameters().ToDictionary();
        foreach (string name in fixture.Suffixes("grad.param."))
        {
            if (!parameters.TryGetValue(name, out Parameter? parameter))
                comparison.Fail($"there is no parameter {name}");
            else if (parameter.Grad is not { } gradient)
                comparison.Fail($"{name} has no gradient");
            else
                comparison.Close($"grad.param.{name}", gradient.ToArray());
        }

        foreach (string name in fixture.Meta.Texts("no_grad_params"))
            comparison.Same($"{name} having a gradient", parameters.TryGetValue(name, out Parameter? parameter) && parameter.Grad is not null, false);
    }

    /// <summary>Compares the running statistics of batch norms: <c>stat.*</c>.</summary>
    public static void CompareStatistics(FixtureCase fixture, Comparison comparison, Module module)
    {
        Dictionary<string, Tensor> state = module.StateDict().ToDictionary();
        foreach (string name in fixture.Suffixes("stat."))
            comparison.Close($"stat.{name}", Widened(state[name]));
    }

    /// <summary>Compares names and shapes of the state with the case's list, in order.</summary>
    public static void CompareState(Comparison comparison, JsonElement expected, Module module)
    {
        string[] actual = [.. module.StateDict().Select(entry => $"{entry.Name} {entry.Tensor.Shape}")];
        string[] wanted = [.. expected.EnumerateObject().Select(entry => $"{entry.Name} {entry.Value.GetProperty("shape").ToShape()}")];
        comparison.SameList("state dict", actual, wanted);
    }

    /// <summary>The values of a float or integer tensor.</summary>
    public static double[] Widened(Tensor tensor) => tensor.DType == DType.Int64
        ? [.. tensor.ToArray<long>().Select(value => (double)value)]
        : Array.ConvertAll(tensor.ToArray(), value => (double)value);

    private static Shape InputShape(FixtureCase fixture) =>
        fixture.Meta.Field("inputs")?.Field(InputName)?.Field("shape")?.ToShape() ?? fixture.ShapeOf($"in.{InputName}");

    /// <summary>Compares the names of the state with the case's and fills it.</summary>
    public static void LoadState(FixtureCase fixture, Comparison comparison, Module module)
    {
        if (fixture.Meta.Field("params") is { } expected)
            CompareState(comparison, expected, module);
        FormulaValues.Fill(module, fixture.Salt);
        foreach ((string name, Tensor tensor) in module.StateDict())
        {
            string key = $"param.{name}";
            if (!fixture.Has(key))
                continue;
            if (FormulaValues.IsConstant(name))
                comparison.Close(key, Widened(tensor), tolerance: tensor.DType == DType.Float32 ? 1e-6 : 0);
            else if (tensor.DType == DType.Float32)
                tensor.CopyFrom(fixture.Floats(key));
            else
                tensor.WriteBytes(0, fixture.Bytes(key));
        }
    }
}
