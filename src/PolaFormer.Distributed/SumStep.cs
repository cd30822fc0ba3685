namespace PolaFormer.Distributed;

/// <summary>A message each way of a sum over workers.</summary>
/// <param name="To">Worker that is sent to.</param>
/// <param name="SentStart">First value that is sent.</param>
/// <param name="SentCount">Values that are sent.</param>
/// <param name="From">Worker that is received from.</param>
/// <param name="Start">First value that is received.</param>
/// <param name="Count">Values that are received.</param>
/// <param name="Adds">Whether they are added to those here; else they replace them.</param>
public readonly record struct SumStep(int To, int SentStart, int SentCount, int From, int Start, int Count, bool Adds);
