using System.Globalization;
using PolaFormer.Analysis.Report;
using PolaFormer.Training;
using PolaFormer.Vision;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Cli;

/// <summary>
/// Writes <c>evaluation.html</c> beside a run's report after every evaluation that gave the best network: confusions, classes,
/// reliability, the worst mistakes, and images as the training shows them.
/// </summary>
/// <param name="task">What is trained.</param>
/// <param name="folder">The run's folder.</param>
internal sealed class ClassificationPages(ClassificationTask task, string folder) : ITrainingObserver
{
    private const int MostImages = 16;

    public bool WantsStep(int step) => false;

    public void EpochDone(EpochResult result)
    {
        if (!result.IsBest || task.LastAnswers is not { All.Count: > 0 } answers)
            return;
        double loss = (result.EmaEvaluation ?? result.Evaluation).Loss;
        new AnalysisReport(
            $"What {task.Name} answers",
            string.Create(CultureInfo.InvariantCulture, $"epoch {result.Epoch}, {answers.All.Count} evaluation images{(result.EmaEvaluation is null ? "" : ", averaged weights")}"),
            [.. AnswerSections.Of(answers, task.Data.EvaluationImages, loss), Augmented(result.Epoch)]).Write(Path.Combine(folder, "evaluation.html"));
    }

    private ReportSection Augmented(int epoch)
    {
        Batch batch = task.Data.Train.Epoch(epoch - 1).First();
        IReadOnlyList<Image> images = task.Data.PixelsOf(batch, MostImages);
        int[] labels = batch.Labels.ToArray();
        return new ReportSection("Images of training")
        {
            Text = "The first images of the epoch as the network saw them, cropped, coloured and erased by the recipe; mixing comes after.",
            Pictures = [.. images.Select((image, i) => new ReportPicture(PlainText.Of(task.Classes[labels[i]]), image))],
        };
    }
}
