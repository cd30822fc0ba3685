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
    /// <inheritdoc/>
    protected override (string Name, Tensor Tensor)[] StateOf(Parameter parameter) => [("momentum_buffer", Tensor.Zeros(parameter.Shape))];

    /// <inheritdoc/>
    protected override void Update(Parameter parameter, Tensor gradient, (string Name, Tensor Tensor)[] state, double learningRate, double weightDecay) =>
        parameter.UpdateBySgd(gradient, state[0].Tensor, new SgdStep(learningRate, momentum, nesterov, weightDecay));
}
