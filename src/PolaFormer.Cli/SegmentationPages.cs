using System.Globalization;
using PolaFormer.Analysis.Report;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Inference;
using PolaFormer.Segmentation.Scoring;
using PolaFormer.Segmentation.Training;
using PolaFormer.Training;
using PolaFormer.Vision;

namespace PolaFormer.Cli;

/// <summary>Writes <c>segmentation.html</c> beside a run's report after every evaluation: scores of the classes, what is taken for what, and the worst images with their labels beside the prediction.</summary>
/// <param name="task">What is trained.</param>
/// <param name="folder">The run's folder.</param>
internal sealed class SegmentationPages(SegmentationTask task, string folder) : ITrainingObserver
{
    private const int WorstImages = 6, WorstConfusions = 20, PictureSide = 480;

    public bool WantsStep(int step) => false;

    public void EpochDone(EpochResult result)
    {
        if (task.LastEvaluation is { } evaluation)
            Page(evaluation, result).Write(Path.Combine(folder, "segmentation.html"));
    }

    private AnalysisReport Page(SegmentationEvaluation evaluation, EpochResult result) => new(
        $"Segmentation by {task.Name}",
        string.Create(CultureInfo.InvariantCulture, $"after {result.GlobalStep} iterations, {evaluation.Images.Count} images: mIoU {evaluation.Scores.MeanIoU:P2}, mAcc {evaluation.Scores.MeanAccuracy:P2}, aAcc {evaluation.Scores.Accuracy:P2}"),
        [ClassTable(evaluation), ConfusionTable(evaluation), Worst(evaluation)]);

    private ReportSection ClassTable(SegmentationEvaluation evaluation)
    {
        SegmentationScores scores = evaluation.Scores;
        string[][] rows =
        [
            .. Enumerable.Range(0, task.Classes.Count)
                .Where(c => evaluation.Counts.Labelled[c] + evaluation.Counts.Predicted[c] > 0)
                .Select(c => (string[])[task.Classes[c].Trim(), Share(scores.IoU[c]), Share(scores.ClassAccuracy[c]), Share(scores.Precision[c]), Share(scores.FScore[c]), evaluation.Counts.Labelled[c].ToString("N0", CultureInfo.InvariantCulture)]),
        ];
        return new ReportSection("Classes") { Text = "Classes that are neither labelled nor predicted are left out, here and of the means.", Table = new ReportTable(["class", "IoU", "accuracy", "precision", "F-score", "pixels"], rows) };
    }

    private ReportSection ConfusionTable(SegmentationEvaluation evaluation)
    {
        int classes = task.Classes.Count;
        IEnumerable<(int label, int prediction)> pairs =
            from label in Enumerable.Range(0, classes)
            from prediction in Enumerable.Range(0, classes)
            where label != prediction && evaluation.Confusion[label, prediction] > 0
            orderby evaluation.Confusion[label, prediction] descending
            select (label, prediction);
        string[][] rows =
        [
            .. pairs.Take(WorstConfusions).Select(pair => (string[])
            [
                $"{task.Classes[pair.label].Trim()} → {task.Classes[pair.prediction].Trim()}",
                evaluation.Confusion[pair.label, pair.prediction].ToString("N0", CultureInfo.InvariantCulture),
                Share((double)evaluation.Confusion[pair.label, pair.prediction] / evaluation.Counts.Labelled[pair.label]),
            ]),
        ];
        return new ReportSection("Confusion") { Text = "The pairs with most pixels.", Table = new ReportTable(["labelled → predicted", "pixels", "of the label's"], rows) };
    }

    private ReportSection Worst(SegmentationEvaluation evaluation)
    {
        bool wasTraining = task.Network.IsTraining;
        task.Network.Evaluate();
        var pictures = new List<ReportPicture>();
        foreach (ImageScore score in evaluation.Images.Where(image => !double.IsNaN(image.MeanIoU)).OrderBy(image => image.MeanIoU).Take(WorstImages))
        {
            (Image photo, LabelMap labels) = task.Options.Evaluation.Read(score.Index);
            (LabelMap prediction, _) = SegmentationEvaluation.Predict(task.Network, photo, labels, task.Options.TestPipeline);
            string name = PlainText.Of(Path.GetFileName(task.Options.Evaluation.NameOf(score.Index)));
            pictures.Add(new ReportPicture($"{name}: labels", Shown(photo, labels)));
            pictures.Add(new ReportPicture(string.Create(CultureInfo.InvariantCulture, $"{name}: prediction, mIoU {score.MeanIoU:P1}"), Shown(photo, prediction)));
        }

        if (wasTraining)
            task.Network.Train();
        return new ReportSection("Worst images") { Text = "Labels beside the prediction.", Pictures = pictures };
    }

    private Image Shown(Image photo, LabelMap map)
    {
        using Image overlay = ClassOverlay.Of(photo, map, task.Options.Classes.Colors, 0.6);
        double factor = Math.Min(1, (double)PictureSide / Math.Max(photo.Width, photo.Height));
        return Vision.OpenCv.BilinearResize.Apply(overlay, Math.Max(1, (int)(photo.Width * factor)), Math.Max(1, (int)(photo.Height * factor)));
    }

    private static string Share(double value) => double.IsNaN(value) ? "–" : value.ToString("P1", CultureInfo.InvariantCulture);
}
