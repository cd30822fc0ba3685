namespace PolaFormer.Training;

/// <summary>What an epoch brought.</summary>
/// <param name="Epoch">Number, counted from 1.</param>
/// <param name="GlobalStep">Steps done in the whole run.</param>
/// <param name="TrainLoss">Mean loss over the training images, augmentation and smoothing included.</param>
/// <param name="TrainTop1">Share of training images, augmented, whose label had the largest logit.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="ImagesPerSecond">Training speed, evaluation left out.</param>
/// <param name="Evaluation">Of the trained weights on the evaluation images.</param>
/// <param name="EmaEvaluation">Of the averaged weights, where the run averages them.</param>
/// <param name="BadImages">Images left out of the epoch because they could not be read.</param>
/// <param name="IsBest">Whether no earlier epoch had a higher top-1.</param>
/// <param name="Elapsed">Time over every start of the run.</param>
public sealed record EpochResult(
    int Epoch, long GlobalStep, double TrainLoss, double TrainTop1, double LearningRate, double ImagesPerSecond, Evaluation Evaluation, Evaluation? EmaEvaluation, int BadImages, bool IsBest, TimeSpan Elapsed);
