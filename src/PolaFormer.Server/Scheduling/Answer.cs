using PolaFormer.Server.Models;

namespace PolaFormer.Server.Scheduling;

/// <summary>A model's answer, and what it took.</summary>
/// <param name="Result">The answer.</param>
/// <param name="Queued">Time in the queue.</param>
/// <param name="Computed">Time of the batch.</param>
/// <param name="BatchSize">Inputs of the batch.</param>
internal readonly record struct Answer(ModelResult Result, TimeSpan Queued, TimeSpan Computed, int BatchSize);
