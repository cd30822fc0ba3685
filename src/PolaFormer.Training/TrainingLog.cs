using System.Text.Encodings.Web;
using System.Text.Json;

namespace PolaFormer.Training;

/// <summary>The record of a run: <c>log.jsonl</c>, one JSON object a line, appended.</summary>
internal sealed class TrainingLog(string path)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public void Write(TrainingProgress step) => Append(new
    {
        Kind = "step",
        step.Epoch,
        step.Step,
        step.Loss,
        Lr = step.LearningRate,
        step.GradientNorm,
        step.ImagesPerSecond,
    });

    public void Write(EpochResult epoch) => Append(new
    {
        Kind = "epoch",
        epoch.Epoch,
        epoch.TrainLoss,
        epoch.TrainTop1,
        epoch.Evaluation.Top1,
        epoch.Evaluation.Top5,
        epoch.Evaluation.Loss,
        Lr = epoch.LearningRate,
        epoch.ImagesPerSecond,
        EvaluationImagesPerSecond = epoch.Evaluation.ImagesPerSecond,
        epoch.IsBest,
    });

    private void Append<T>(T record) => File.AppendAllText(path, JsonSerializer.Serialize(record, Options) + "\n");
}
