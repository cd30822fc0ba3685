namespace PolaFormer.Training.Reporting;

/// <summary>The end of a run, or where it was stopped.</summary>
internal sealed record EndRecord(bool IsComplete, double BestTop1, long GlobalStep, double Seconds) : LogRecord(GlobalStep, Seconds)
{
    public static EndRecord From(RunEnd end) => new(end.IsComplete, end.BestTop1, end.GlobalStep, end.Elapsed.TotalSeconds);
}
