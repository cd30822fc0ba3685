namespace PolaFormer.Training.Reporting;

/// <summary>
/// An epoch; <c>loss</c> and the metrics under their names are of the evaluation examples, with <c>ema_</c> of the averaged weights,
/// with <c>train_</c> of the training.
/// </summary>
internal sealed record EpochRecord(
    int Epoch, double TrainLoss, double Loss, double? EmaLoss,
    double Lr, double ImagesPerSecond, double EvaluationImagesPerSecond, int BadImages, bool IsBest, long GlobalStep, double Seconds) : LogRecord(GlobalStep, Seconds)
{
    public static EpochRecord From(EpochResult epoch) => new(
        epoch.Epoch, epoch.TrainLoss, epoch.Evaluation.Loss, epoch.EmaEvaluation?.Loss,
        epoch.LearningRate, epoch.ExamplesPerSecond, epoch.Evaluation.ExamplesPerSecond, epoch.LeftOut, epoch.IsBest, epoch.GlobalStep, epoch.Elapsed.TotalSeconds)
    {
        Values = Named(
        [
            ($"train_{epoch.TrainMetric.Definition.Name}", epoch.TrainMetric.Value),
            .. epoch.Evaluation.Metrics.Values.Select(metric => (metric.Definition.Name, metric.Value)),
            .. epoch.EmaEvaluation?.Metrics.Values.Select(metric => ($"ema_{metric.Definition.Name}", metric.Value)) ?? [],
        ]),
    };
}
