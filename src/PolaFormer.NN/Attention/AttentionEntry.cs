namespace PolaFormer.NN.Attention;

/// <summary>A registered mechanism.</summary>
/// <param name="Name">Name on the command line and in configurations.</param>
/// <param name="Title">Name in tables and pictures.</param>
/// <param name="Source">Authors, venue.</param>
/// <param name="Complexity">Time in tokens N and channels of a head d, as text.</param>
/// <param name="Create">Makes it for a shape, weights undefined.</param>
public sealed record AttentionEntry(string Name, string Title, string Source, string Complexity, Func<AttentionShape, AttentionMechanism> Create);
