using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>What a network achieves on a batch, on its device.</summary>
/// <param name="Count">Examples.</param>
/// <param name="Loss">Their mean loss, one value.</param>
/// <param name="Sums">The sum of each metric over them, (metrics).</param>
public readonly record struct BatchResult(int Count, Tensor Loss, Tensor Sums);
