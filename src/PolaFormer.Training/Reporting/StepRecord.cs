namespace PolaFormer.Training.Reporting;

/// <summary>A step of training; <c>loss</c>, <c>top1</c> and speed are means over the epoch so far.</summary>
internal sealed record StepRecord(
    int Epoch, int Step, double StepLoss, double Loss, double Top1, double Lr, double GradientNorm, double ImagesPerSecond, long GlobalStep, double Seconds) : LogRecord(GlobalStep, Seconds)
{
    public static StepRecord From(TrainingProgress step) => new(
        step.Epoch, step.Step, step.StepLoss, step.Loss, step.Top1, step.LearningRate, step.GradientNorm, step.ImagesPerSecond, step.GlobalStep, step.Elapsed.TotalSeconds);
}
