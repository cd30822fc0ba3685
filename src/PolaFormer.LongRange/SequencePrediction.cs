namespace PolaFormer.LongRange;

/// <summary>A possible answer.</summary>
/// <param name="Label">Its name.</param>
/// <param name="Index">Its position among the task's classes.</param>
/// <param name="Probability">How likely the network takes it to be, 0 … 1.</param>
public sealed record SequencePrediction(string Label, int Index, float Probability);
