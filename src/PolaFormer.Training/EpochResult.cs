namespace PolaFormer.Training;

/// <summary>What an epoch brought.</summary>
/// <param name="Epoch">Number, counted from 1.</param>
/// <param name="GlobalStep">Steps done in the whole run.</param>
/// <param name="TrainLoss">Mean loss over the training examples, augmentation and smoothing included.</param>
/// <param name="TrainMetric">First metric over the training examples, augmented.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="ExamplesPerSecond">Training speed, evaluation left out.</param>
/// <param name="Evaluation">Of the trained weights on the evaluation examples.</param>
/// <param name="EmaEvaluation">Of the averaged weights, where the run averages them.</param>
/// <param name="LeftOut">Examples left out of the epoch because they could not be read.</param>
/// <param name="IsBest">Whether no earlier epoch was better by the first metric.</param>
/// <param name="Elapsed">Time over every start of the run.</param>
public sealed record EpochResult(
    int Epoch, long GlobalStep, double TrainLoss, MetricValue TrainMetric, double LearningRate, double ExamplesPerSecond, Evaluation Evaluation, Evaluation? EmaEvaluation, int LeftOut, bool IsBest, TimeSpan Elapsed)
{
    /// <summary>How several workers shared its steps, or those since this start; null where one trains alone.</summary>
    public SharedWork? Shared { get; init; }
}
