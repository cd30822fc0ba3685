namespace PolaFormer.Training.Reporting;

/// <summary>The end of a run, or where it was stopped.</summary>
internal sealed record EndRecord(bool IsComplete, double BestTop1, double Seconds, long GlobalStep) : LogRecord(GlobalStep)
{
    public static EndRecord From(RunEnd end, long globalStep) => new(end.IsComplete, end.BestTop1, end.Elapsed.TotalSeconds, globalStep);
}
