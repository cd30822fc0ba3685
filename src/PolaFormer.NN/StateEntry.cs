using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>A parameter or buffer of a module. A class, so that the code of collections of it is compiled ahead of time.</summary>
/// <param name="Name">Full name, dots between.</param>
/// <param name="Tensor">Its values.</param>
/// <param name="Traits">What it is beside them.</param>
public sealed record StateEntry(string Name, Tensor Tensor, StateTraits Traits);
