namespace PolaFormer.Training;

/// <summary>What an epoch brought.</summary>
/// <param name="Epoch">Number, counted from 1.</param>
/// <param name="TrainLoss">Mean loss over the training images, augmentation and smoothing included.</param>
/// <param name="TrainTop1">Share of training images, augmented, whose label had the largest logit.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="ImagesPerSecond">Training speed, evaluation left out.</param>
/// <param name="Evaluation">On the evaluation images.</param>
/// <param name="IsBest">Whether no earlier epoch had a higher top-1.</param>
public sealed record EpochResult(int Epoch, double TrainLoss, double TrainTop1, double LearningRate, double ImagesPerSecond, Evaluation Evaluation, bool IsBest);
