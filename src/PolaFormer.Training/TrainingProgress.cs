namespace PolaFormer.Training;

/// <summary>Where a run stands after a step.</summary>
/// <param name="Epoch">Current epoch, counted from 1.</param>
/// <param name="Epochs">Epochs of the run.</param>
/// <param name="Step">Steps done in this epoch.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="GlobalStep">Steps done in the whole run.</param>
/// <param name="StepLoss">Mean loss of the step's examples.</param>
/// <param name="Loss">Mean loss of this epoch so far.</param>
/// <param name="Metric">First metric over this epoch's examples so far, augmented.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="GradientNorm">Global norm of the gradients before clipping.</param>
/// <param name="ExamplesPerSecond">Speed over this epoch so far.</param>
/// <param name="Left">Estimated time to the end of the run, evaluations left out.</param>
/// <param name="Elapsed">Time over every start of the run.</param>
public sealed record TrainingProgress(
    int Epoch, int Epochs, int Step, int StepsPerEpoch, long GlobalStep, double StepLoss, double Loss, MetricValue Metric, double LearningRate, double GradientNorm, double ExamplesPerSecond, TimeSpan Left, TimeSpan Elapsed)
{
    /// <summary>The terms of the step's loss by name; empty where it is one.</summary>
    public IReadOnlyList<(string Name, double Value)> LossTerms { get; init; } = [];
}
