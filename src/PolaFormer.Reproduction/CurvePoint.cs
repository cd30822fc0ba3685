namespace PolaFormer.Reproduction;

/// <summary>A point of a learning curve.</summary>
/// <param name="Step">Training steps done.</param>
/// <param name="Accuracy">Accuracy, in [0, 1].</param>
public sealed record CurvePoint(long Step, double Accuracy);
