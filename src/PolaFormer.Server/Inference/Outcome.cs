using PolaFormer.Server.Scheduling;

namespace PolaFormer.Server.Inference;

/// <summary>What became of an input.</summary>
/// <param name="Answer">The answer; null where there is none.</param>
/// <param name="Problem">Why there is none; null where there is an answer.</param>
/// <param name="Decoded">Time of the preparation.</param>
internal sealed record Outcome(Answer? Answer, ServingException? Problem, TimeSpan Decoded);
