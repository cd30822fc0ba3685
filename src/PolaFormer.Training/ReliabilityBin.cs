namespace PolaFormer.Training;

/// <summary>Answers of about the same probability.</summary>
/// <param name="Low">The least probability of the bin.</param>
/// <param name="High">The end of the bin.</param>
/// <param name="Count">Answers in it.</param>
/// <param name="Confidence">Mean probability of the answers; NaN without any.</param>
/// <param name="Accuracy">Share of the answers that are right; NaN without any.</param>
public sealed record ReliabilityBin(double Low, double High, int Count, double Confidence, double Accuracy);
