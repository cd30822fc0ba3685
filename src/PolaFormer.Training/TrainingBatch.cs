using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>A batch of training that has not been computed; it is before the next one is taken.</summary>
/// <param name="Count">Examples.</param>
/// <param name="Inputs">Makes the tensors that a step computes from, where the task has such.</param>
/// <param name="Compute">Computes loss and metrics from them; from the batch itself where there are none.</param>
internal readonly record struct TrainingBatch(int Count, Func<IReadOnlyList<Tensor>> Inputs, Func<IReadOnlyList<Tensor>, BatchResult> Compute)
{
    /// <summary>Computes loss and metrics.</summary>
    public BatchResult Run() => Compute(Inputs());
}
