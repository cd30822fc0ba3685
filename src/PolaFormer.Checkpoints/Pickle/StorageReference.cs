using PolaFormer.Checkpoints.IO;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Pickle;

/// <summary>A storage as a pickle sees it: bytes taken as elements of a type.</summary>
/// <param name="Storage">The bytes.</param>
/// <param name="Element">The type of the elements.</param>
/// <param name="Offset">Where the storage begins in the bytes, in elements: a view of another one does not begin at 0.</param>
/// <param name="Count">Number of elements.</param>
internal sealed record StorageReference(TensorStorage Storage, DType Element, long Offset, long Count);
