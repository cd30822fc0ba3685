using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training.Optimization;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019), in PyTorch's order of operations:
/// w ← w·(1 − lr·decay); m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²; w ← w − lr / (1 − β₁ᵗ)·m / (√v / √(1 − β₂ᵗ) + eps).
/// Parameters without a gradient stay as they are.
/// </summary>
/// <param name="groups">What to update.</param>
/// <param name="beta1">Decay of the first moment, in [0, 1).</param>
/// <param name="beta2">Decay of the second moment, in [0, 1).</param>
/// <param name="eps">Added to the root of the second moment.</param>
public sealed class AdamW(IEnumerable<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8) : Optimizer(groups)
{
    private readonly List<AdamWEntry> _entries = [];

    /// <summary>Decay of the first moment, which schedules may move.</summary>
    public double Beta1 { get; set; } = beta1;

    /// <inheritdoc/>
    protected override int RatesPerParameter => AdamWStep.RateCount;

    private AdamWStep Current => new(Beta1, beta2, eps, StepCount);

    /// <inheritdoc/>
    protected override (string Name, Tensor Tensor)[] StateOf(Parameter parameter) => OptimizedParameter.MomentsOf(parameter);

    /// <inheritdoc/>
    protected override void WriteRates(OptimizedParameter parameter, double learningRate, Span<float> rates) =>
        Current.WriteRates(parameter.LearningRate(learningRate), parameter.Group.WeightDecay, rates);

    /// <inheritdoc/>
    protected override void Update(ReadOnlySpan<OptimizedParameter> parameters, double learningRate)
    {
        _entries.Clear();
        foreach (OptimizedParameter parameter in parameters)
            _entries.Add(parameter.ForAdamW(learningRate));
        MultiTensor.AdamW(_entries, Current);
    }
}
