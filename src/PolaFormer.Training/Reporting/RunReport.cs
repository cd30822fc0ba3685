namespace PolaFormer.Training.Reporting;

/// <summary>Writes a run's <c>summary.csv</c> and <c>report.html</c> from its log, anew after every epoch; comes after the log among the observers.</summary>
/// <param name="folder">The run's folder.</param>
public sealed class RunReport(string folder) : ITrainingObserver
{
    /// <inheritdoc/>
    public bool WantsStep(int step) => false;

    /// <inheritdoc/>
    public void EpochDone(EpochResult result) => Write(folder);

    /// <inheritdoc/>
    public void RunEnded(RunEnd end) => Write(folder);

    /// <summary>Writes both files.</summary>
    /// <param name="folder">The folder of a run, or of one under way.</param>
    /// <returns>The path of the report.</returns>
    /// <exception cref="Files.FileException">There is no log in it, or the files cannot be written.</exception>
    /// <exception cref="TrainingException">The log is none of a run.</exception>
    public static string Write(string folder)
    {
        RunLog log = RunLog.Read(Path.Combine(folder, RunFiles.Log));
        CsvSummary.Write(Path.Combine(folder, "summary.csv"), log);
        string path = Path.Combine(folder, "report.html");
        HtmlReport.Write(path, log);
        return path;
    }
}
