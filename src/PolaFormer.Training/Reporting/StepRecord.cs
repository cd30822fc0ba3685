namespace PolaFormer.Training.Reporting;

/// <summary>A step of training; <c>loss</c>, the first metric under its name and speed are means over the epoch so far.</summary>
internal sealed record StepRecord(
    int Epoch, int Step, double StepLoss, double Loss, double Lr, double GradientNorm, double ImagesPerSecond, long GlobalStep, double Seconds) : LogRecord(GlobalStep, Seconds)
{
    public static StepRecord From(TrainingProgress step) => new(
        step.Epoch, step.Step, step.StepLoss, step.Loss, step.LearningRate, step.GradientNorm, step.ExamplesPerSecond, step.GlobalStep, step.Elapsed.TotalSeconds)
    {
        Values = Named([(step.Metric.Definition.Name, step.Metric.Value), .. step.LossTerms]),
    };
}
