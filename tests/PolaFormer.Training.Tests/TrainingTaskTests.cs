using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Tensors;
using PolaFormer.Training.Optimization;
using PolaFormer.Training.Reporting;

namespace PolaFormer.Training.Tests;

/// <summary>The trainer with a task that is not of images, and without a recipe.</summary>
[Collection(nameof(RunsAlone))]
public sealed class TrainingTaskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ATaskOfSequencesIsLearnt()
    {
        var course = new Course();
        Assert.True(Trainer("a", epochs: 8).Run(course));
        Assert.True(course.Epochs[^1].Evaluation["accuracy"] > 0.9, $"{course.Epochs[^1].Evaluation.Metrics}");
    }

    [Fact]
    public void ALowerValueIsTheBetterOneWhereTheMetricSaysSo()
    {
        var course = new Course();
        Trainer("a", epochs: 4).Run(course);
        double[] values = [.. course.Epochs.Select(epoch => epoch.Evaluation["surprise"])];
        Assert.Equal(values.Select((value, epoch) => values.Take(epoch).All(before => value < before)), course.Epochs.Select(epoch => epoch.IsBest));
        Assert.Equal(values.Min(), course.Ends.Single().Best.Value);
        using Checkpoint best = Checkpoint.Open(Path.Combine(_folder, "a", "best.safetensors"));
        Assert.Equal($"{Array.IndexOf(values, values.Min()) + 1}", best.Metadata["epoch"]);
    }

    [Fact]
    public void AStoppedTaskResumesToTheSameBits()
    {
        Trainer("whole", epochs: 2).Run();
        using var stop = new CancellationTokenSource();
        Assert.False(Trainer("parts", epochs: 2).Run(new Course { OnStep = step => StopAt(step, 11, stop) }, stop.Token));
        Assert.True(Trainer("parts", epochs: 2).Run());
        Assert.Equal(Bytes("whole"), Bytes("parts"));
    }

    [Fact]
    public void AKilledTaskResumesToTheSameBits()
    {
        Trainer("whole", epochs: 3).Run();
        Assert.Throws<OperationCanceledException>(() => Trainer("parts", epochs: 3).Run(new Course { OnStep = step => DieAt(step, 19) }));
        var course = new Course();
        Assert.True(Trainer("parts", epochs: 3).Run(course));
        Assert.Equal((2, 0), course.StartedAt);
        Assert.Equal(Bytes("whole"), Bytes("parts"));
    }

    [Fact]
    public void LogTableAndReportNameTheTasksMetrics()
    {
        Trainer("a", epochs: 1).Run();
        string log = File.ReadLines(Path.Combine(_folder, "a", "log.jsonl")).Single(line => line.Contains("\"kind\":\"epoch\""));
        Assert.True(JsonDocument.Parse(log).RootElement.TryGetProperty("ema_accuracy", out _), log);
        Assert.Contains(",val_loss,val_surprise,val_accuracy,", File.ReadLines(Path.Combine(_folder, "a", "summary.csv")).First());
        Assert.Equal(["surprise", "accuracy"], RunLog.Read(Path.Combine(_folder, "a", "log.jsonl")).Metrics.Select(metric => metric.Name));
        Assert.Contains("\"label\":\"surprise\"", File.ReadAllText(Path.Combine(_folder, "a", "report.html")));
    }

    [Fact]
    public void SavedWeightsOfATaskAreEvaluated()
    {
        var course = new Course();
        Trainer("a", epochs: 1).Run(course);
        Assert.Equal($"{course.Epochs[0].Evaluation.Metrics}", $"{Trainer("a", epochs: 1).Evaluate(_ => { })!.Value.Result.Metrics}");
    }

    [Fact]
    public void ANaNLossIsSkipped()
    {
        var course = new Course();
        Trainer("a", epochs: 1, new SequenceTask { LossInstead = _ => Tensor.From([float.NaN], []) }).Run(course);
        Assert.Equal(8, course.Warnings.Count(warning => warning.Contains("the step is skipped")));
        Assert.False(course.Epochs[0].IsBest);
    }

    [Theory]
    [InlineData("loss")]
    [InlineData("Top 1")]
    [InlineData("ema_f1")]
    [InlineData("")]
    public void AMetricCannotTakeANameOfTheFiles(string name) => Assert.False(new MetricDefinition(name, name, HigherIsBetter: true).IsNameValid);

    private Trainer Trainer(string name, int epochs, SequenceTask? task = null)
    {
        task ??= new SequenceTask();
        return new Trainer(task, new TrainerOptions
        {
            Epochs = epochs,
            Optimizer = new AdamW(ParameterGroup.Split(task.Model, weightDecay: 0.01)),
            Schedule = new CosineSchedule(0.01, 0, 1e-4, WarmupSteps: 2, TotalSteps: 64),
            EmaDecay = 0.9,
            OnNonFinite = NonFinitePolicy.Skip,
            PrintEvery = 2,
        }, Path.Combine(_folder, name));
    }

    private byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(_folder, name, "resume.safetensors"));

    private static void StopAt(TrainingProgress progress, long step, CancellationTokenSource stop)
    {
        if (progress.GlobalStep == step)
            stop.Cancel();
    }

    private static void DieAt(TrainingProgress progress, long step)
    {
        if (progress.GlobalStep == step)
            throw new OperationCanceledException();
    }
}
