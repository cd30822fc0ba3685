namespace PolaFormer.Training.Reporting;

/// <summary>The end of a run, or where it was stopped; <c>best_</c> with the first metric's name is its best value.</summary>
internal sealed record EndRecord(bool IsComplete, long GlobalStep, double Seconds) : LogRecord(GlobalStep, Seconds)
{
    public static EndRecord From(RunEnd end) => new(end.IsComplete, end.GlobalStep, end.Elapsed.TotalSeconds) { Values = Named([($"best_{end.Best.Definition.Name}", end.Best.Value)]) };
}
