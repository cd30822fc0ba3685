namespace PolaFormer.Training.Reporting;

/// <summary>The end of a run, or where it was stopped; <c>best_</c> with the first metric's name is its best value, <c>test_</c> with each metric's name what was tested.</summary>
internal sealed record EndRecord(bool IsComplete, long GlobalStep, double Seconds) : LogRecord(GlobalStep, Seconds)
{
    public static EndRecord From(RunEnd end) => new(end.IsComplete, end.GlobalStep, end.Elapsed.TotalSeconds)
    {
        Values = Named([($"best_{end.Best.Definition.Name}", end.Best.Value), .. Test(end)]),
    };

    private static IEnumerable<(string Key, double Value)> Test(RunEnd end) => end.Test is not { } test ? [] :
        test.Metrics.Values.Select(metric => ($"test_{metric.Definition.Name}", metric.Value)).Prepend(("test_loss", test.Loss));
}
