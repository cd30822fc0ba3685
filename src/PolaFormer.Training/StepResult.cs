namespace PolaFormer.Training;

/// <summary>What a step brought.</summary>
/// <param name="Step">Number in the run, from 0.</param>
/// <param name="LearningRate">Learning rate.</param>
/// <param name="Metrics">Loss and metrics of its examples; of no example where the step was passed over.</param>
/// <param name="GradientNorm">Global norm of the gradients before clipping; NaN where a loss was not finite.</param>
/// <param name="IsApplied">Whether loss and gradients were finite.</param>
/// <param name="IsShown">Whether it is shown to the observers.</param>
/// <param name="Anomaly">The first operator whose values were not finite, where that is looked for.</param>
internal readonly record struct StepResult(long Step, double LearningRate, Metrics Metrics, double GradientNorm, bool IsApplied, bool IsShown, string? Anomaly = null);
