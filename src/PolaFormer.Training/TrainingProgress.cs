namespace PolaFormer.Training;

/// <summary>Where a run stands after a step.</summary>
/// <param name="Epoch">Current epoch, counted from 1.</param>
/// <param name="Epochs">Epochs of the run.</param>
/// <param name="Step">Steps done in this epoch.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="Loss">Mean loss of this epoch so far.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="GradientNorm">Global norm of the gradients before clipping.</param>
/// <param name="ImagesPerSecond">Speed over this epoch so far.</param>
/// <param name="Left">Estimated time to the end of the run, evaluations left out.</param>
public sealed record TrainingProgress(int Epoch, int Epochs, int Step, int StepsPerEpoch, double Loss, double LearningRate, double GradientNorm, double ImagesPerSecond, TimeSpan Left);
