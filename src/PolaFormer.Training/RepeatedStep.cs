using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Training;

/// <summary>
/// Forward, backward, clipping and update of steps whose inputs have the same shapes, as a pass that a device may repeat as a whole.
/// Inputs are copied to fixed places, random numbers follow from the number of the step, and losses and metrics stay at fixed places,
/// too. Rates are written to fixed places before the step (<see cref="Optimization.Optimizer.Begin"/>).
/// </summary>
internal sealed class RepeatedStep : IDisposable
{
    private readonly Tensor[][] _inputs;
    private readonly RepeatedPass _pass;
    private ulong _firstBatch;

    /// <summary>Takes the memory.</summary>
    /// <param name="inputs">Inputs of each batch of a step; their shapes and types are those of all steps.</param>
    /// <param name="device">Where.</param>
    /// <param name="step">Computes the step of such batches, and gives the norm of their gradients. Its second argument is the number of the first batch in the run.</param>
    public RepeatedStep(IReadOnlyList<IReadOnlyList<Tensor>> inputs, Device device, Func<IReadOnlyList<IReadOnlyList<Tensor>>, ulong, Tensor> step)
    {
        _inputs = MemoryScope.OutsideScopes(() => inputs.Select(batch => batch.Select(input => device.Empty(input.Shape, input.DType)).ToArray()).ToArray());
        _pass = device.Repeat(() => step(_inputs, _firstBatch));
    }

    /// <inheritdoc cref="RepeatedPass.WhyNotWhole"/>
    public string? WhyNotWhole => _pass.WhyNotWhole;

    /// <summary>Whether inputs have the shapes and types of the first ones.</summary>
    public bool Takes(IReadOnlyList<IReadOnlyList<Tensor>> inputs) => inputs.Count == _inputs.Length && inputs.Zip(_inputs).All(batch =>
        batch.First.Count == batch.Second.Length && batch.First.Zip(batch.Second).All(input => input.First.Shape == input.Second.Shape && input.First.DType == input.Second.DType));

    /// <summary>Computes a step and gives the norm of its gradients, which is valid until the next step.</summary>
    /// <param name="inputs">Inputs of each batch.</param>
    /// <param name="firstBatch">Number of the first batch in the run.</param>
    public Tensor Run(IReadOnlyList<IReadOnlyList<Tensor>> inputs, ulong firstBatch)
    {
        foreach ((IReadOnlyList<Tensor> batch, Tensor[] fixedBatch) in inputs.Zip(_inputs))
        {
            foreach ((Tensor input, Tensor place) in batch.Zip(fixedBatch))
                place.CopyFrom(input);
        }

        _firstBatch = firstBatch;
        return _pass.Run(firstBatch);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _pass.Dispose();
}
