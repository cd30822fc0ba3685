namespace PolaFormer.Training.Reporting;

/// <summary>An epoch; <c>top1</c>, <c>top5</c> and <c>loss</c> are of the evaluation images, with <c>ema_</c> of the averaged weights.</summary>
internal sealed record EpochRecord(
    int Epoch, double TrainLoss, double TrainTop1, double Top1, double Top5, double Loss, double? EmaTop1, double? EmaTop5, double? EmaLoss,
    double Lr, double ImagesPerSecond, double EvaluationImagesPerSecond, int BadImages, bool IsBest, long GlobalStep, double Seconds) : LogRecord(GlobalStep, Seconds)
{
    public static EpochRecord From(EpochResult epoch) => new(
        epoch.Epoch, epoch.TrainLoss, epoch.TrainTop1, epoch.Evaluation.Top1, epoch.Evaluation.Top5, epoch.Evaluation.Loss,
        epoch.EmaEvaluation?.Top1, epoch.EmaEvaluation?.Top5, epoch.EmaEvaluation?.Loss,
        epoch.LearningRate, epoch.ImagesPerSecond, epoch.Evaluation.ImagesPerSecond, epoch.BadImages, epoch.IsBest, epoch.GlobalStep, epoch.Elapsed.TotalSeconds);
}
