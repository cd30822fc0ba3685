using System.Globalization;
using PolaFormer.Analysis.Report;
using PolaFormer.Detection.Training;
using PolaFormer.Training;

namespace PolaFormer.Cli;

/// <summary>Writes <c>detection.html</c> beside a run's report after every evaluation: COCO's figures and the precision of each class.</summary>
/// <param name="task">What is trained.</param>
/// <param name="folder">The run's folder.</param>
internal sealed class DetectionPages(DetectionTask task, string folder) : ITrainingObserver
{
    private static readonly string[] s_figures = ["AP", "AP50", "AP75", "AP small", "AP medium", "AP large", "AR 1", "AR 10", "AR 100", "AR small", "AR medium", "AR large"];

    public bool WantsStep(int step) => false;

    public void EpochDone(EpochResult result)
    {
        if (task.LastTables.Count > 0)
            new AnalysisReport($"Objects found by {task.Name}", $"after {result.GlobalStep} steps", [Figures(), Losses(), ByClass()]).Write(Path.Combine(folder, "detection.html"));
    }

    private ReportSection Figures()
    {
        double[][] summaries = [.. task.LastTables.Select(table => table.Summary)];
        string[][] rows = [.. s_figures.Select((name, i) => (string[])[name, .. summaries.Select(summary => Share(summary[i]))])];
        return new ReportSection("COCO's figures") { Table = new ReportTable(Columns("figure"), rows) };
    }

    private ReportSection Losses() => new("Losses of the last step")
    {
        Table = new ReportTable(["loss", "value"], [.. task.LastLosses.Select(loss => (string[])[loss.Key, loss.Value.ToString("0.####", CultureInfo.InvariantCulture)])]),
    };

    private ReportSection ByClass()
    {
        string[][] rows = [.. task.Classes.Select((name, i) => (string[])[name, .. task.LastTables.Select(table => table.CategoryPrecision(i) is { } value ? Share(value) : "no object")])];
        return new ReportSection("Classes") { Text = "Mean precision over overlaps of 0.5 to 0.95.", Table = new ReportTable(Columns("class"), rows) };
    }

    private string[] Columns(string first) => task.LastTables.Count == 2 ? [first, "boxes", "masks"] : [first, "boxes"];

    private static string Share(double value) => value < 0 ? "none" : value.ToString("P1", CultureInfo.InvariantCulture);
}
