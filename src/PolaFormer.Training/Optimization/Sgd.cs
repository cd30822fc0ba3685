using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training.Optimization;

/// <summary>
/// Gradient descent with momentum in PyTorch's form, Nesterov's variant by default as in the authors' optimizer.py:
/// g ← g + decay·w; u ← momentum·u + g; w ← w − lr·(nesterov ? g + momentum·u : u).
/// </summary>
/// <param name="groups">What to update.</param>
/// <param name="momentum">Decay of the velocity u, in [0, 1).</param>
/// <param name="nesterov">Whether the step looks ahead along the velocity.</param>
public sealed class Sgd(IEnumerable<ParameterGroup> groups, double momentum = 0.9, bool nesterov = true) : Optimizer(groups)
{
    private readonly List<SgdEntry> _entries = [];

    /// <inheritdoc/>
    protected override int RatesPerParameter => SgdEntry.RateCount;

    /// <inheritdoc/>
    protected override (string Name, Tensor Tensor)[] StateOf(Parameter parameter) => [("momentum_buffer", Tensor.Zeros(parameter.Shape, parameter.Device))];

    /// <inheritdoc/>
    protected override void WriteRates(OptimizedParameter parameter, double learningRate, Span<float> rates) =>
        (rates[0], rates[1]) = ((float)parameter.LearningRate(learningRate), (float)parameter.Group.WeightDecay);

    /// <inheritdoc/>
    protected override void Update(ReadOnlySpan<OptimizedParameter> parameters, double learningRate)
    {
        _entries.Clear();
        foreach (OptimizedParameter parameter in parameters)
        {
            double rate = parameter.LearningRate(learningRate);
            _entries.Add(new SgdEntry(parameter.Parameter, parameter.Parameter.Grad!, parameter.State[0].Tensor, rate, parameter.Group.WeightDecay) { Rates = parameter.Rates });
        }

        MultiTensor.Sgd(_entries, new SgdStep(momentum, nesterov));
    }
}
