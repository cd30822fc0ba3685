using PolaFormer.NN.Attention;

namespace PolaFormer.Measurement;

/// <summary>What a mechanism took for a number of tokens.</summary>
/// <param name="Entry">The mechanism.</param>
/// <param name="Tokens">Tokens N.</param>
/// <param name="Milliseconds">Median time of a forward pass; null where <see cref="Reason"/> says why it was not made.</param>
/// <param name="PeakBytes">Most tensor memory in use beyond inputs and weights.</param>
/// <param name="Cost">Declared cost.</param>
/// <param name="Entropy">Mean positive-sequence entropy of rows, over ln n; null where weights are negative, and for one token.</param>
/// <param name="Reason">Why there is no measurement.</param>
public sealed record MechanismMeasurement(AttentionEntry Entry, int Tokens, double? Milliseconds, long PeakBytes, AttentionCost Cost, double? Entropy, string? Reason = null);
