using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training.Optimization;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019), in PyTorch's order of operations:
/// w ← w·(1 − lr·decay); m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²; w ← w − lr / (1 − β₁ᵗ)·m / (√v / √(1 − β₂ᵗ) + eps).
/// Parameters without a gradient stay as they are.
/// </summary>
public sealed class AdamW
{
    private readonly List<State> _states = [];
    private readonly double _beta1, _beta2, _eps;

    /// <summary>Makes the optimiser with moments of zero. Make it outside memory scopes: the moments live as long as it.</summary>
    /// <param name="groups">What to update.</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1).</param>
    /// <param name="beta2">Decay of the second moment, in [0, 1).</param>
    /// <param name="eps">Added to the root of the second moment.</param>
    public AdamW(IEnumerable<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8)
    {
        (_beta1, _beta2, _eps) = (beta1, beta2, eps);
        foreach (ParameterGroup group in groups)
        {
            foreach ((string name, Parameter parameter) in group.Parameters)
                _states.Add(new State(name, parameter, group.WeightDecay, Tensor.Zeros(parameter.Shape), Tensor.Zeros(parameter.Shape)));
        }
    }

    /// <summary>Updates made so far.</summary>
    public long StepCount { get; set; }

    /// <summary>The moments by parameter, for saving and restoring: <c>NAME.exp_avg</c> and <c>NAME.exp_avg_sq</c>.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> StateDict() => _states.SelectMany(state => new[]
    {
        ($"{state.Name}.exp_avg", state.FirstMoment),
        ($"{state.Name}.exp_avg_sq", state.SecondMoment),
    });

    /// <summary>Updates every parameter that has a gradient.</summary>
    /// <param name="learningRate">Step length.</param>
    public void Step(double learningRate)
    {
        StepCount++;
        foreach (State state in _states)
        {
            if (state.Parameter.Grad is { } gradient)
                state.Parameter.UpdateByAdamW(gradient, state.FirstMoment, state.SecondMoment, new AdamWStep(learningRate, _beta1, _beta2, _eps, state.WeightDecay, StepCount));
        }
    }

    private sealed record State(string Name, Parameter Parameter, double WeightDecay, Tensor FirstMoment, Tensor SecondMoment);
}
