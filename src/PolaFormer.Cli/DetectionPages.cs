using System.Globalization;
using PolaFormer.Analysis.Report;
using PolaFormer.Detection;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Evaluation;
using PolaFormer.Detection.Training;
using PolaFormer.Training;
using PolaFormer.Vision;
using PolaFormer.Vision.OpenCv;

namespace PolaFormer.Cli;

/// <summary>
/// Writes <c>detection.html</c> beside a run's report after every evaluation: COCO's figures, precision over recall, the precision of
/// each class, and pictures of the largest objects that were missed and the surest false alarms.
/// </summary>
/// <param name="task">What is trained.</param>
/// <param name="folder">The run's folder.</param>
internal sealed class DetectionPages(DetectionTask task, string folder) : ITrainingObserver
{
    private const int MostPictures = 8, PictureSide = 480;
    private const float LeastScore = 0.3f;

    private static readonly string[] s_figures = ["AP", "AP50", "AP75", "AP small", "AP medium", "AP large", "AR 1", "AR 10", "AR 100", "AR small", "AR medium", "AR large"];
    private static readonly (string Name, double? Bound)[] s_curves = [("overlap 0.5", 0.5), ("overlap 0.75", 0.75), ("mean over overlaps", null)];

    public bool WantsStep(int step) => false;

    public void EpochDone(EpochResult result)
    {
        if (task.LastMeasurement is not { } measured)
            return;
        CocoDataset dataset = new(task.Options.Evaluation.Images, task.Options.Evaluation.Annotations.Categories);
        var errors = DetectionErrors.Of(dataset, measured.Found, LeastScore);
        new AnalysisReport($"Objects found by {task.Name}", $"after {result.GlobalStep} steps, in {dataset.Images.Count} images", [
            Figures(),
            Curves(),
            Losses(),
            ByClass(),
            Gallery("Misses", $"Objects that no detection of a score from {LeastScore.ToString(CultureInfo.InvariantCulture)} on overlaps by half, the largest first: {errors.Misses.Count} in all.", errors.Misses),
            Gallery("False alarms", $"Detections that overlap no object of their class by half, the surest first: {errors.FalseAlarms.Count} in all.", errors.FalseAlarms),
        ]).Write(Path.Combine(folder, "detection.html"));
    }

    private ReportSection Figures()
    {
        double[][] summaries = [.. task.LastTables.Select(table => table.Summary)];
        string[][] rows = [.. s_figures.Select((name, i) => (string[])[name, .. summaries.Select(summary => Share(summary[i]))])];
        return new ReportSection("COCO's figures") { Table = new ReportTable(Columns("figure"), rows) };
    }

    private ReportSection Curves() => new("Precision over recall")
    {
        Text = "Means over the classes that have objects. A curve ends at 0 where no threshold reaches the recall.",
        Charts = [.. task.LastTables.Where(table => table.Curve(null).Length > 0).Select((table, i) =>
        {
            double[] recalls = [.. Enumerable.Range(0, table.Curve(null).Length).Select(r => r / 100.0)];
            return new ReportChart(i == 0 ? "Boxes" : "Masks", "recall", "precision", recalls, [.. s_curves.Select(curve => new ReportSeries(curve.Name, [.. table.Curve(curve.Bound).Select(value => (double?)value)]))]);
        })],
    };

    private ReportSection Losses() => new("Losses of the last step")
    {
        Table = new ReportTable(["loss", "value"], [.. task.LossTerms.Select(term => (string[])[term.Name, term.Value.ToString("0.####", CultureInfo.InvariantCulture)])]),
    };

    private ReportSection ByClass()
    {
        string[][] rows = [.. task.Classes.Index().Where(entry => task.LastTables[0].CategoryPrecision(entry.Index) is not null).Select(entry => (string[])[entry.Item, .. task.LastTables.Select(table => Share(table.CategoryPrecision(entry.Index) ?? -1))])];
        return new ReportSection("Classes") { Text = "Mean precision over overlaps of 0.5 to 0.95; classes without objects are left out.", Table = new ReportTable(Columns("class"), rows) };
    }

    private ReportSection Gallery(string title, string text, IReadOnlyList<DetectionError> errors) => new(title)
    {
        Text = text,
        Pictures = [.. errors.Take(MostPictures).Select(error => new ReportPicture(PlainText.Of(Caption(error)), Shown(error)))],
    };

    // Objects have no score.
    private string Caption(DetectionError error)
    {
        string score = float.IsNaN(error.Score) ? "" : error.Score.ToString(" 0.00", CultureInfo.InvariantCulture);
        return $"{Path.GetFileName(error.Image.FileName)}: {task.Classes[error.Label]}{score}";
    }

    private Image Shown(DetectionError error)
    {
        using Image photo = task.Options.Evaluation.Read(error.Image).Image;
        using Image drawn = DetectionPicture.Draw(photo, new ImageDetections([error.Box], [error.Score], [error.Label]), task.Options.Evaluation.Annotations.Categories);
        double factor = Math.Min(1, (double)PictureSide / Math.Max(photo.Width, photo.Height));
        return BilinearResize.Apply(drawn, Math.Max(1, (int)(photo.Width * factor)), Math.Max(1, (int)(photo.Height * factor)));
    }

    private string[] Columns(string first) => task.LastTables.Count == 2 ? [first, "boxes", "masks"] : [first, "boxes"];

    private static string Share(double value) => value < 0 ? "none" : value.ToString("P1", CultureInfo.InvariantCulture);
}
