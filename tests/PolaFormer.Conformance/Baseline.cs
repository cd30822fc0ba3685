using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Conformance;

/// <summary>
/// A reference case of a baseline: a stand-in for the authors' module, with their names of parameters, and its forward pass
/// from named inputs to named outputs. Layers that only project are written out here; what mixes tokens is the library's.
/// </summary>
internal sealed class Baseline : Module
{
    private readonly Dictionary<string, Tensor> _inputs = [];

    /// <summary>The case.</summary>
    public required FixtureCase Fixture { get; init; }

    /// <summary>Adds a part by the authors' name, or an inline one by the empty name.</summary>
    public T Part<T>(string name, T module)
        where T : Module => AddChild(name, module);

    /// <summary>A linear layer by the authors' name; its width is the weight's.</summary>
    public Linear Linear(string name)
    {
        Shape weight = Fixture.ShapeOf($"param.{name}.weight");
        return AddChild(name, new Linear(weight[1], weight[0], Fixture.Has($"param.{name}.bias")));
    }

    /// <summary>An input of the forward pass in the authors' layout; gradients are compared where the case has them.</summary>
    public Tensor Input(string name)
    {
        if (_inputs.TryGetValue(name, out Tensor? input))
            return input;
        input = Fixture.TypeOf($"in.{name}") == DType.Int64
            ? Tensor.From([.. Fixture.Doubles($"in.{name}").Select(value => (long)value)], Fixture.ShapeOf($"in.{name}"))
            : Tensor.From(Fixture.Floats($"in.{name}"), Fixture.ShapeOf($"in.{name}"));
        input.RequiresGrad = Fixture.Has($"grad.in.{name}");
        return _inputs[name] = input;
    }

    /// <summary>Fills the parameters, runs forward and backward from the case's cotangents, and compares everything.</summary>
    /// <param name="comparison">Takes the findings.</param>
    /// <param name="forward">Gives the outputs by name, in the authors' layout.</param>
    public void Run(Comparison comparison, Func<IReadOnlyList<(string Name, Tensor Output)>> forward)
    {
        ForwardBackward.LoadState(Fixture, comparison, this);
        Evaluate();
        using (var tape = Tape.Start())
        {
            IReadOnlyList<(string Name, Tensor Output)> outputs = forward();
            foreach ((string name, Tensor output) in outputs)
                comparison.Close($"out.{name}", ForwardBackward.Widened(output));
            Tensor? loss = null;
            foreach ((string name, Tensor output) in outputs.Where(entry => entry.Output.DType.IsFloatingPoint()))
            {
                Tensor part = (output * Tensor.From(Fixture.Floats($"cot.{name}"), output.Shape)).Sum();
                loss = loss is null ? part : loss + part;
            }

            tape.Backward(loss!);
        }

        foreach ((string name, Tensor input) in _inputs.Where(input => input.Value.RequiresGrad))
            comparison.Close($"grad.in.{name}", (input.Grad ?? throw new InvalidOperationException($"The input {name} has no gradient.")).ToArray());
        ForwardBackward.CompareGradients(Fixture, comparison, this);
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => throw new NotSupportedException("A baseline runs from its case's inputs.");
}
