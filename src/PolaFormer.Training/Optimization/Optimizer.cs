using System.Runtime.InteropServices;
using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training.Optimization;

/// <summary>An update rule with its state of each parameter. Make it outside memory scopes: its state lives as long as it.</summary>
public abstract class Optimizer
{
    private readonly OptimizedParameter[] _parameters;

    // Used again by every step.
    private readonly List<OptimizedParameter> _withGradients = [];

    /// <summary>Prepares state of zeros.</summary>
    /// <param name="groups">What to update.</param>
    protected Optimizer(IEnumerable<ParameterGroup> groups) => _parameters =
        [.. groups.SelectMany(group => group.Parameters.Select(entry => new OptimizedParameter(entry.Name, entry.Parameter, group, StateOf(entry.Parameter))))];

    /// <summary>Updates made so far.</summary>
    public long StepCount { get; set; }

    /// <summary>
    /// Those that make the same updates of the same gradients. A rule whose updates take long has each worker make some, and they
    /// exchange the new weights, which have the bits of one worker. Set before the first step.
    /// </summary>
    public WorkerGroup Workers { get; set; } = WorkerGroup.Single;

    /// <summary>Time in which workers exchanged new weights, or waited for them.</summary>
    public virtual TimeSpan ExchangeTime => TimeSpan.Zero;

    /// <summary>What to update, with gradients or without.</summary>
    protected IReadOnlyList<OptimizedParameter> Parameters => _parameters;

    /// <summary>The state by parameter, for saving, after <see cref="ExchangeState"/>, and restoring: <c>NAME.exp_avg</c> and so on.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> StateDict() =>
        _parameters.SelectMany(parameter => parameter.State.Select(entry => ($"{parameter.Name}.{entry.Name}", entry.Tensor)));

    /// <summary>Updates every parameter that has a gradient.</summary>
    /// <param name="learningRate">Step length, before the groups' factors.</param>
    public void Step(double learningRate)
    {
        StepCount++;
        _withGradients.Clear();
        foreach (OptimizedParameter parameter in _parameters)
        {
            if (parameter.Parameter.Grad is not null)
                _withGradients.Add(parameter);
        }

        Update(CollectionsMarshal.AsSpan(_withGradients), learningRate);
    }

    /// <summary>Gives every worker the whole state, before it is saved; all call it. Else a worker may have that of the parameters alone which it updates.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public virtual void ExchangeState()
    {
    }

    /// <summary>The state of a parameter, zeros, named as in torch.</summary>
    protected abstract (string Name, Tensor Tensor)[] StateOf(Parameter parameter);

    /// <summary>Updates parameters and their state.</summary>
    /// <param name="parameters">The parameters that have a gradient.</param>
    /// <param name="learningRate">Step length, before the groups' factors.</param>
    protected abstract void Update(ReadOnlySpan<OptimizedParameter> parameters, double learningRate);
}
