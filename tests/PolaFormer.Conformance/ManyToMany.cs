using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Conformance;

/// <summary>Runs what takes and gives several feature maps forward, and backward from all cotangents at once, and compares outputs, gradients and statistics.</summary>
internal static class ManyToMany
{
    /// <summary>Fills the state, runs and compares.</summary>
    /// <param name="fixture">The case; its inputs are pictures with channels before the pixels.</param>
    /// <param name="comparison">Where the outcome goes.</param>
    /// <param name="module">Holds the parameters; null for none.</param>
    /// <param name="forward">From the inputs by name to the outputs by name.</param>
    public static void Run(FixtureCase fixture, Comparison comparison, Module? module, Func<IReadOnlyDictionary<string, Tensor>, IReadOnlyList<(string Name, Tensor Value)>> forward)
    {
        if (module is not null)
        {
            ForwardBackward.LoadState(fixture, comparison, module);
            if (fixture.Meta.Field("train_mode")?.GetBoolean() ?? false)
                module.Train();
            else
                module.Evaluate();
        }

        var inputs = new Dictionary<string, Tensor>();
        foreach (var input in fixture.Meta.GetProperty("inputs").EnumerateObject())
        {
            Shape shape = input.Value.GetProperty("shape").ToShape();
            float[] values = fixture.Has($"in.{input.Name}") ? fixture.Floats($"in.{input.Name}") : FormulaValues.Symmetric(fixture.Salt + input.Name, shape.Count);
            Tensor x = Layout.ChannelsFirst.Import(values, shape).Detach();
            x.RequiresGrad = true;
            inputs.Add(input.Name, x);
        }

        IReadOnlyList<(string Name, Tensor Value)> outputs;
        using (var tape = Tape.Start())
        {
            outputs = forward(inputs);
            Tensor loss = Tensor.Zeros([]);
            foreach ((string name, Tensor value) in outputs)
            {
                Shape shape = fixture.ShapeOf($"out.{name}");
                string key = $"cot.{name}";
                float[] cotangent = fixture.Has(key) ? fixture.Floats(key) : FormulaValues.Symmetric(fixture.Salt + key, shape.Count);
                loss = loss + (value * Layout.ChannelsFirst.Import(cotangent, shape).Reshape(value.Shape)).Sum();
            }

            tape.Backward(loss);
        }

        foreach ((string name, Tensor value) in outputs)
            comparison.Close($"out.{name}", Layout.ChannelsFirst.Export(value));
        foreach (string name in fixture.Suffixes("grad.in."))
        {
            if (inputs[name].Grad is { } gradient)
                comparison.Close($"grad.in.{name}", Layout.ChannelsFirst.Export(gradient));
            else
                comparison.Fail($"input {name} has no gradient");
        }

        if (module is null)
            return;
        ForwardBackward.CompareGradients(fixture, comparison, module);
        ForwardBackward.CompareStatistics(fixture, comparison, module);
    }
}
