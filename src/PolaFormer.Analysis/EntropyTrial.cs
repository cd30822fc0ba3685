namespace PolaFormer.Analysis;

/// <summary>What random rows say of a map g.</summary>
/// <param name="Map">The map.</param>
/// <param name="Keys">Weights of a row.</param>
/// <param name="Features">Features of queries and keys.</param>
/// <param name="Trials">Rows.</param>
/// <param name="Before">Mean entropy of q·k.</param>
/// <param name="After">Mean entropy of g(q)·g(k).</param>
/// <param name="CounterexamplesOnWeights">Rows in which g(q·k) has more entropy than q·k.</param>
/// <param name="CounterexamplesOnFeatures">Rows in which g(q)·g(k) has more entropy than q·k.</param>
/// <param name="WorstRise">The largest rise among those.</param>
public sealed record EntropyTrial(string Map, int Keys, int Features, int Trials, double Before, double After, int CounterexamplesOnWeights, int CounterexamplesOnFeatures, double WorstRise);
