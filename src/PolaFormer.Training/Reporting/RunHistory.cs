using PolaFormer.Files;

namespace PolaFormer.Training.Reporting;

/// <summary>The earlier starts of a run, from the log in its folder.</summary>
/// <param name="Elapsed">Time over all of them, up to the last record.</param>
/// <param name="CompleteAt">Steps of the whole run done when it was complete; null where its end is not recorded.</param>
internal sealed record RunHistory(TimeSpan Elapsed, long? CompleteAt)
{
    private const double MaxSeconds = 1e10;

    /// <summary>Of a run that begins.</summary>
    public static RunHistory None { get; } = new(TimeSpan.Zero, null);

    /// <summary>Reads it; without a log that can be read, there is none.</summary>
    public static RunHistory Read(string folder)
    {
        try
        {
            double seconds = 0;
            long? completeAt = null;
            foreach (LogRecord record in RunLog.Records(Path.Combine(folder, RunFiles.Log)))
            {
                seconds = record.Seconds is >= 0 and <= MaxSeconds ? Math.Max(seconds, record.Seconds) : seconds;
                completeAt = record is EndRecord { IsComplete: true } end ? end.GlobalStep : null;
            }

            return new RunHistory(TimeSpan.FromSeconds(seconds), completeAt);
        }
        catch (Exception error) when (error is FileException or TrainingException or IOException)
        {
            return None;
        }
    }
}
