using System.Globalization;
using PolaFormer.Analysis.Figures;
using PolaFormer.Analysis.Report;
using PolaFormer.Training;
using PolaFormer.Vision;
using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.OpenCv;

namespace PolaFormer.Cli;

/// <summary>A classifier's answers to labelled images as parts of a page.</summary>
internal static class AnswerSections
{
    private const int MostMistakes = 20, PictureSide = 224, MostTabulated = 20, MostConfused = 12;

    /// <summary>Figures, classes, confusions, reliability and the worst mistakes.</summary>
    /// <param name="answers">The answers, one at least.</param>
    /// <param name="images">The images.</param>
    /// <param name="loss">Mean loss of an image.</param>
    public static IReadOnlyList<ReportSection> Of(ClassifierAnswers answers, IImageDataset images, double loss) => [Figures(answers, loss), Classes(answers), Confusion(answers), Reliability(answers), Mistakes(answers, images)];

    private static ReportSection Figures(ClassifierAnswers answers, double loss) => new("Figures")
    {
        Table = new ReportTable(["figure", "value"],
        [
            ["images", answers.All.Count.ToString(CultureInfo.InvariantCulture)],
            ["top-1", Percent(answers.Accuracy)],
            .. answers.Classes.Count > 5 ? (string[][])[["top-5", Percent((double)answers.All.Count(answer => answer.Top.Any(top => top.Class == answer.Label)) / answers.All.Count)]] : [],
            ["macro F1", Percent(answers.MacroF1)],
            ["loss", loss.ToString("F4", CultureInfo.InvariantCulture)],
            ["expected calibration error", Percent(answers.CalibrationError)],
        ]),
    };

    private static ReportSection Classes(ClassifierAnswers answers) => new("Classes")
    {
        Text = "Precision: the share of a class's answers that are right. Recall: the share of its images that are found. F1: their harmonic mean. The worst classes come first.",
        Table = new ReportTable(
            ["class", "images", "answers", "precision", "recall", "F1"],
            [.. answers.Scores().OrderBy(score => double.IsNaN(score.F1) ? double.MaxValue : score.F1).Select(score => (string[])
            [
                PlainText.Of(answers.Classes[score.Class]), $"{score.Count}", $"{score.Answered}", Percent(score.Precision), Percent(score.Recall), Percent(score.F1),
            ])]),
    };

    private static ReportSection Confusion(ClassifierAnswers answers)
    {
        int[,] counts = answers.Confusion();
        int classes = answers.Classes.Count;
        float[] shares = new float[counts.Length];
        for (int row = 0; row < classes; row++)
        {
            int sum = Math.Max(1, Enumerable.Range(0, classes).Sum(column => counts[row, column]));
            for (int column = 0; column < classes; column++)
                shares[(row * classes) + column] = (float)counts[row, column] / sum;
        }

        var matrix = new MatrixPanel("Share of a class's images (row) by answer (column)", shares, classes) { Scale = new ColorScale(0, 1) };
        if (classes <= MostTabulated)
        {
            return new ReportSection("Confusion matrix")
            {
                Text = "Rows are the classes of images, columns the answers.",
                Pictures = ReportPicture.Of([matrix]),
                Table = new ReportTable(["class", .. answers.Classes.Select(PlainText.Of)], [.. Enumerable.Range(0, classes).Select(row => (string[])[PlainText.Of(answers.Classes[row]), .. Enumerable.Range(0, classes).Select(column => $"{counts[row, column]}")])]),
            };
        }

        return new ReportSection("Confusion matrix")
        {
            Text = "Rows are the classes of images, columns the answers; the table has the most frequent mistakes.",
            Pictures = ReportPicture.Of([matrix]),
            Table = new ReportTable(["class", "answer", "images"], [.. (from row in Enumerable.Range(0, classes) from column in Enumerable.Range(0, classes) where row != column && counts[row, column] > 0 orderby counts[row, column] descending select (string[])[PlainText.Of(answers.Classes[row]), PlainText.Of(answers.Classes[column]), $"{counts[row, column]}"]).Take(MostConfused)]),
        };
    }

    private static ReportSection Reliability(ClassifierAnswers answers)
    {
        ReliabilityBin[] bins = [.. answers.Reliability().Where(bin => bin.Count > 0)];
        return new ReportSection("Reliability")
        {
            Text = $"Accuracy over the probability of the answer, in fifteen bins: below the diagonal the network is surer than it is right. Expected calibration error: {Percent(answers.CalibrationError)}.",
            Charts =
            [
                new ReportChart("Accuracy over probability", "probability", "accuracy", [.. bins.Select(bin => bin.Confidence)],
                [
                    new ReportSeries("answers", [.. bins.Select(bin => (double?)bin.Accuracy)]), new ReportSeries("as sure as right", [.. bins.Select(bin => (double?)bin.Confidence)], new LineStyle("#888888", 4, 2)),
                ]),
                new ReportChart("Answers in each bin", "probability", "answers", [.. bins.Select(bin => bin.Confidence)], [new ReportSeries("answers", [.. bins.Select(bin => (double?)bin.Count)])]),
            ],
        };
    }

    private static ReportSection Mistakes(ClassifierAnswers answers, IImageDataset images)
    {
        IReadOnlyList<ClassifierAnswer> worst = answers.Worst(MostMistakes);
        return new ReportSection("Worst mistakes")
        {
            Text = worst.Count == 0 ? "There is none." : $"Wrong answers whose own class had the least probability, worst first; {answers.All.Count(answer => !answer.IsRight)} are wrong in all.",
            Pictures = [.. worst.Select(answer => new ReportPicture(PlainText.Of(Caption(answers, answer, images)), Shown(images.Get(answer.Index))))],
        };
    }

    private static string Caption(ClassifierAnswers answers, ClassifierAnswer answer, IImageDataset images) =>
        $"{Path.GetFileName(images.NameOf(answer.Index))}: {answers.Classes[answer.Label]} ({Percent(answer.LabelProbability)}), taken for {answers.Classes[answer.Class]} ({Percent(answer.Probability)})";

    private static Image Shown(ImageSample sample)
    {
        using Image image = sample.Decode();
        double factor = (double)PictureSide / Math.Max(image.Width, image.Height);
        return BilinearResize.Apply(image, Math.Max(1, (int)(image.Width * factor)), Math.Max(1, (int)(image.Height * factor)));
    }

    private static string Percent(double share) => double.IsNaN(share) ? "–" : share.ToString("P1", CultureInfo.InvariantCulture);
}
