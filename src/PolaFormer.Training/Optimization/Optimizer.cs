using System.Runtime.InteropServices;
using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training.Optimization;

/// <summary>An update rule with its state of each parameter. Make it outside memory scopes: its state lives as long as it.</summary>
public abstract class Optimizer
{
    private readonly OptimizedParameter[] _parameters;

    // Where the device computes on while the program goes on: a row for every parameter.
    private readonly StepRates? _rates;

    // Used again by every step.
    private readonly List<OptimizedParameter> _withGradients = [];
    private double _learningRate;

    /// <summary>Prepares state of zeros.</summary>
    /// <param name="groups">What to update.</param>
    protected Optimizer(IEnumerable<ParameterGroup> groups)
    {
        _parameters = [.. groups.SelectMany(group => group.Parameters.Select(entry => new OptimizedParameter(entry.Name, entry.Parameter, group, StateOf(entry.Parameter))))];
        if (!CanBeRepeated || _parameters.Length == 0 || !_parameters[0].Parameter.Device.IsAsynchronous)
            return;
        _rates = new StepRates(_parameters.Length, RatesPerParameter, _parameters[0].Parameter.Device);
        for (int i = 0; i < _parameters.Length; i++)
            _parameters[i] = _parameters[i] with { Rates = _rates.Rows[i] };
    }

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

    /// <summary>Whether <see cref="Update()"/> may be part of a <see cref="RepeatedPass"/>: the rule reads what changes from step to step in the device's memory.</summary>
    public bool CanBeRepeated => RatesPerParameter > 0;

    /// <summary>Floats of a parameter that <see cref="WriteRates"/> writes; 0 where the rule takes what changes from its arguments alone.</summary>
    protected virtual int RatesPerParameter => 0;

    /// <summary>Updates every parameter that has a gradient.</summary>
    /// <param name="learningRate">Step length, before the groups' factors.</param>
    public void Step(double learningRate)
    {
        Begin(learningRate);
        Update();
    }

    /// <summary>Begins a step: counts it, and writes its rates where <see cref="Update()"/> reads them.</summary>
    /// <param name="learningRate">Step length, before the groups' factors.</param>
    /// <example><code>
    /// using RepeatedPass step = device.Repeat(() =&gt;
    /// {
    ///     Tensor loss = Gradients();
    ///     optimizer.Update();
    ///     return loss;
    /// });
    /// optimizer.Begin(schedule.RateOf(t));
    /// step.Run(t);
    /// </code></example>
    public void Begin(double learningRate)
    {
        StepCount++;
        _learningRate = learningRate;
        if (_rates is null)
            return;
        for (int i = 0; i < _parameters.Length; i++)
            WriteRates(_parameters[i], learningRate, _rates[i]);
        _rates.Write();
    }

    /// <summary>Updates every parameter that has a gradient by the step that <see cref="Begin"/> began.</summary>
    public void Update()
    {
        _withGradients.Clear();
        foreach (OptimizedParameter parameter in _parameters)
        {
            if (parameter.Parameter.Grad is not null)
                _withGradients.Add(parameter);
        }

        Update(CollectionsMarshal.AsSpan(_withGradients), _learningRate);
    }

    /// <summary>Gives every worker the whole state, before it is saved; all call it. Else a worker may have that of the parameters alone which it updates.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public virtual void ExchangeState()
    {
    }

    /// <summary>The state of a parameter, zeros, named as in torch.</summary>
    protected abstract (string Name, Tensor Tensor)[] StateOf(Parameter parameter);

    /// <summary>Writes what changes of a parameter's update from step to step, which <see cref="Update(ReadOnlySpan{OptimizedParameter}, double)"/> reads in <see cref="OptimizedParameter.Rates"/>.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="learningRate">Step length, before the groups' factors.</param>
    /// <param name="rates"><see cref="RatesPerParameter"/> floats, overwritten.</param>
    protected virtual void WriteRates(OptimizedParameter parameter, double learningRate, Span<float> rates)
    {
    }

    /// <summary>Updates parameters and their state.</summary>
    /// <param name="parameters">The parameters that have a gradient.</param>
    /// <param name="learningRate">Step length, before the groups' factors.</param>
    protected abstract void Update(ReadOnlySpan<OptimizedParameter> parameters, double learningRate);
}
