namespace PolaFormer.Training.Reporting;

/// <summary>
/// An epoch; <c>loss</c> and the metrics under their names are of the evaluation examples, with <c>ema_</c> of the averaged weights,
/// with <c>train_</c> of the training.
/// </summary>
internal sealed record EpochRecord(
    int Epoch, double TrainLoss, double Loss, double? EmaLoss,
    double Lr, double ImagesPerSecond, double EvaluationImagesPerSecond, int BadImages, bool IsBest, long GlobalStep, double Seconds) : LogRecord(GlobalStep, Seconds)
{
    /// <summary>Number of workers; null where one trains alone, as the others.</summary>
    public int? Workers { get; init; }

    /// <summary>Seconds in which gradients were under way, the mean over the workers.</summary>
    public double? CommunicationSeconds { get; init; }

    /// <summary>Seconds of them that were waited for.</summary>
    public double? WaitedSeconds { get; init; }

    /// <summary>Time of the slowest worker over the mean.</summary>
    public double? Imbalance { get; init; }

    /// <summary>Number of the slowest worker.</summary>
    public int? SlowestWorker { get; init; }

    public static EpochRecord From(EpochResult epoch) => new(
        epoch.Epoch, epoch.TrainLoss, epoch.Evaluation.Loss, epoch.EmaEvaluation?.Loss,
        epoch.LearningRate, epoch.ExamplesPerSecond, epoch.Evaluation.ExamplesPerSecond, epoch.LeftOut, epoch.IsBest, epoch.GlobalStep, epoch.Elapsed.TotalSeconds)
    {
        Workers = epoch.Shared?.Workers,
        CommunicationSeconds = epoch.Shared?.CommunicationSeconds,
        WaitedSeconds = epoch.Shared?.WaitedSeconds,
        Imbalance = epoch.Shared?.Imbalance,
        SlowestWorker = epoch.Shared?.SlowestWorker,
        Values = Named(
        [
            ($"train_{epoch.TrainMetric.Definition.Name}", epoch.TrainMetric.Value),
            .. epoch.Evaluation.Metrics.Values.Select(metric => (metric.Definition.Name, metric.Value)),
            .. epoch.EmaEvaluation?.Metrics.Values.Select(metric => ($"ema_{metric.Definition.Name}", metric.Value)) ?? [],
        ]),
    };
}
