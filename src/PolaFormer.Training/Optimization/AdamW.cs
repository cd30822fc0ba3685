using System.Numerics;
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
                _states.Add(new State(name, parameter, (float)group.WeightDecay, Tensor.Zeros(parameter.Shape), Tensor.Zeros(parameter.Shape)));
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
        double correction1 = 1 - Math.Pow(_beta1, StepCount), correction2 = 1 - Math.Pow(_beta2, StepCount);
        foreach (State state in _states)
        {
            if (state.Parameter.Grad is { } gradient)
            {
                Update(
                    state.Parameter.AsSpan<float>(), gradient.AsSpan<float>(), state.FirstMoment.AsSpan<float>(), state.SecondMoment.AsSpan<float>(),
                    (float)(1 - (learningRate * state.WeightDecay)), (float)(learningRate / correction1), (float)Math.Sqrt(correction2));
            }
        }
    }

    private void Update(Span<float> weight, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second, float keep, float step, float rootCorrection)
    {
        float beta1 = (float)_beta1, beta2 = (float)_beta2, rest1 = (float)(1 - _beta1), rest2 = (float)(1 - _beta2), eps = (float)_eps;
        int i = 0;
        for (; i <= weight.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var g = new Vector<float>(gradient[i..]);
            Vector<float> m = (new Vector<float>(first[i..]) * beta1) + (g * rest1);
            Vector<float> v = (new Vector<float>(second[i..]) * beta2) + (g * g * rest2);
            Vector<float> denominator = (Vector.SquareRoot(v) / new Vector<float>(rootCorrection)) + new Vector<float>(eps);
            Vector<float> w = (new Vector<float>(weight[i..]) * keep) - (m / denominator * step);
            m.CopyTo(first[i..]);
            v.CopyTo(second[i..]);
            w.CopyTo(weight[i..]);
        }

        for (; i < weight.Length; i++)
        {
            float g = gradient[i];
            first[i] = (first[i] * beta1) + (g * rest1);
            second[i] = (second[i] * beta2) + (g * g * rest2);
            weight[i] = (weight[i] * keep) - (first[i] / ((MathF.Sqrt(second[i]) / rootCorrection) + eps) * step);
        }
    }

    private sealed record State(string Name, Parameter Parameter, float WeightDecay, Tensor FirstMoment, Tensor SecondMoment);
}
