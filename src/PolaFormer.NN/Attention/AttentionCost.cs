namespace PolaFormer.NN.Attention;

/// <summary>What a mechanism costs for one image, its layer's projections not counted.</summary>
/// <param name="MultiplyAccumulates">Of products and convolutions.</param>
/// <param name="Bytes">Memory of what the mechanism forms between its inputs and its result in the textbook's order: scores, features, states.</param>
public readonly record struct AttentionCost(long MultiplyAccumulates, long Bytes);
