namespace PolaFormer.Tensors;

/// <summary>Extents of an attention, by which a device decides whether it has a fused kernel for it.</summary>
/// <param name="Batch">Images or sequences.</param>
/// <param name="Heads">Heads.</param>
/// <param name="HeadDim">Channels of a head.</param>
/// <param name="Queries">Queries of an image.</param>
/// <param name="Keys">Keys of an image.</param>
/// <param name="IsMasked">Whether keys are left out.</param>
internal readonly record struct AttentionExtents(int Batch, int Heads, int HeadDim, int Queries, int Keys, bool IsMasked);
