namespace PolaFormer.Reproduction;

/// <summary>How the batches of a task are cut for all mechanisms alike.</summary>
/// <param name="Chunks">Equal parts.</param>
public sealed record BatchCut(int Chunks);
