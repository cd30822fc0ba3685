using System.Text.Json;
using System.Text.Json.Serialization;

namespace PolaFormer.Training.Reporting;

/// <summary>What the page of a run draws.</summary>
/// <param name="Run">Its latest start.</param>
/// <param name="End">How it ended, or null.</param>
/// <param name="Epochs">All epochs.</param>
/// <param name="Starts">How often it was started, or continued.</param>
/// <param name="FirstStarted">When it was started first, or null.</param>
/// <param name="Steps">Curves over steps, thinned out; <c>epoch</c> is their place, in epochs.</param>
internal sealed record ReportData(RunRecord Run, EndRecord? End, IReadOnlyList<EpochRecord> Epochs, int Starts, string? FirstStarted, IReadOnlyDictionary<string, double?[]> Steps)
{
    // Escapes < and >, so the data cannot end the element they stand in.
    private static readonly JsonSerializerOptions s_options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public static ReportData From(RunLog log)
    {
        StepCurves steps = log.Steps;
        return new ReportData(log.Run with { Metrics = log.Metrics, Values = null }, log.End?.WithTestAlone(log.Metrics), log.Epochs, log.Starts, log.FirstStarted, new Dictionary<string, double?[]>
        {
            ["epoch"] = Curve(steps.GlobalSteps.Select(step => step / log.Run.StepsPerEpoch)),
            ["loss"] = Curve(steps.Losses),
            ["lr"] = Curve(steps.LearningRates),
            ["gradient_norm"] = Curve(steps.GradientNorms),
            ["images_per_second"] = Curve(steps.ImagesPerSecond),
        });

        static double?[] Curve(IEnumerable<double> values) => [.. values.Select(Rounded)];
    }

    public string ToJson() => JsonSerializer.Serialize(this, s_options);

    // Six digits are more than can be seen; NaN is a gap.
    private static double? Rounded(double value) => double.IsFinite(value) ? double.Parse(value.ToString("G6", null), null) : null;
}
