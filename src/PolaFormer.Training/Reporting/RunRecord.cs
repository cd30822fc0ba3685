namespace PolaFormer.Training.Reporting;

/// <summary>The start of a run, or of its continuation; logs of earlier versions, all of classification, name no metrics. Examples without a name are images.</summary>
internal sealed record RunRecord(
    string Model, long Parameters, IReadOnlyList<string> Classes, int Epochs, int StepsPerEpoch, int EpochsDone, string? ResumedFrom, string Configuration, long GlobalStep, double Seconds, IReadOnlyList<MetricDefinition>? Metrics = null, string? ExamplesName = null, RunEnvironment? Environment = null) : LogRecord(GlobalStep, Seconds)
{
    public static RunRecord From(RunDescription run) => new(
        run.Model, run.ParameterCount, run.Classes, run.Epochs, run.StepsPerEpoch, run.EpochsDone, run.ResumedFrom, run.Configuration, run.GlobalStep, run.Elapsed.TotalSeconds, run.Metrics, run.ExamplesName == "images" ? null : run.ExamplesName, run.Environment);
}
