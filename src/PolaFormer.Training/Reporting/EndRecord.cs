namespace PolaFormer.Training.Reporting;

/// <summary>The end of a run, or where it was stopped; <c>best_</c> with the first metric's name is its best value, <c>test_</c> with each metric's name what was tested.</summary>
internal sealed record EndRecord(bool IsComplete, long GlobalStep, double Seconds) : LogRecord(GlobalStep, Seconds)
{
    public static EndRecord From(RunEnd end) => new(end.IsComplete, end.GlobalStep, end.Elapsed.TotalSeconds)
    {
        Values = Named([($"best_{end.Best.Definition.Name}", end.Best.Value), .. Test(end)]),
    };

    /// <summary>The record with what was tested of a task's metrics, and no other key that is not of every task.</summary>
    public EndRecord WithTestAlone(IEnumerable<MetricDefinition> metrics) => this with
    {
        Values = metrics.Select(metric => $"test_{metric.Name}").Where(key => ValueOf(key) is not null).ToDictionary(key => key, key => Values![key]),
    };

    private static IEnumerable<(string Key, double Value)> Test(RunEnd end) => end.Test is not { } test ? [] :
        test.Metrics.Values.Select(metric => ($"test_{metric.Definition.Name}", metric.Value)).Prepend(("test_loss", test.Loss));
}
