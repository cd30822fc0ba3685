using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>A parameter or buffer of a module.</summary>
/// <param name="Name">Full name, dots between.</param>
/// <param name="Tensor">Its values.</param>
/// <param name="Traits">What it is beside them.</param>
public readonly record struct StateEntry(string Name, Tensor Tensor, StateTraits Traits);
