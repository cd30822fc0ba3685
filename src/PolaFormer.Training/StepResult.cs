namespace PolaFormer.Training;

/// <summary>What a step brought.</summary>
/// <param name="Loss">Mean loss of its images.</param>
/// <param name="GradientNorm">Global norm of the gradients before clipping; NaN where the loss was not finite.</param>
/// <param name="IsApplied">Whether the weights were updated: loss and gradients were finite.</param>
/// <param name="Anomaly">The first operator whose values were not finite, where that is looked for.</param>
internal readonly record struct StepResult(double Loss, double GradientNorm, bool IsApplied, string? Anomaly = null);
