using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training.Optimization;

/// <summary>An update rule with what it remembers of each parameter. Make it outside memory scopes: its state lives as long as it.</summary>
public abstract class Optimizer
{
    private readonly Slot[] _slots;

    /// <summary>Prepares state of zeros.</summary>
    /// <param name="groups">What to update.</param>
    protected Optimizer(IEnumerable<ParameterGroup> groups) =>
        _slots = [.. groups.SelectMany(group => group.Parameters.Select(entry => new Slot(entry.Name, entry.Parameter, group, StateOf(entry.Parameter))))];

    /// <summary>Updates made so far.</summary>
    public long StepCount { get; set; }

    /// <summary>The state by parameter, for saving and restoring: <c>NAME.exp_avg</c> and so on.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> StateDict() =>
        _slots.SelectMany(slot => slot.State.Select(entry => ($"{slot.Name}.{entry.Name}", entry.Tensor)));

    /// <summary>Updates every parameter that has a gradient.</summary>
    /// <param name="learningRate">Step length, before the groups' factors.</param>
    public void Step(double learningRate)
    {
        StepCount++;
        foreach (Slot slot in _slots)
        {
            if (slot.Parameter.Grad is { } gradient)
                Update(slot.Parameter, gradient, slot.State, learningRate * slot.Group.LearningRateScale, slot.Group.WeightDecay);
        }
    }

    /// <summary>What is remembered of a parameter, named as torch names it.</summary>
    protected abstract (string Name, Tensor Tensor)[] StateOf(Parameter parameter);

    /// <summary>Updates one parameter and its state.</summary>
    protected abstract void Update(Parameter parameter, Tensor gradient, (string Name, Tensor Tensor)[] state, double learningRate, double weightDecay);

    private sealed record Slot(string Name, Parameter Parameter, ParameterGroup Group, (string Name, Tensor Tensor)[] State);
}
