using PolaFormer.Checkpoints;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests;

public sealed class TrainerTests : IDisposable
{
    private readonly SyntheticImages _images = new(trainPerClass: 8, evaluationPerClass: 2);
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose()
    {
        _images.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void TheLossFallsAndTheImagesAreLearnt()
    {
        var course = new Course();
        Assert.True(Train("a", epochs: 8, course));
        Assert.True(course.Epochs[^1].TrainLoss < 0.6 * course.Epochs[0].TrainLoss, string.Join(", ", course.Epochs.Select(epoch => epoch.TrainLoss)));
        Assert.Equal(1, course.Epochs.Max(epoch => epoch.Evaluation.Top1));
    }

    [Fact]
    public void AStoppedAndResumedRunEqualsOneThatWasNot()
    {
        Train("whole", epochs: 2);
        using var stop = new CancellationTokenSource();
        Assert.False(Train("parts", epochs: 2, new Course { OnStep = progress => Stop(progress, stop) }, stop.Token));
        var resumed = new Course();
        Assert.True(Train("parts", epochs: 2, resumed));
        Assert.Equal((1, 1), resumed.StartedAt);
        Assert.Equal(Bytes("whole"), Bytes("parts"));
    }

    [Fact]
    public void ARunDoesNotDependOnThreads()
    {
        int before = Workers.ThreadCount;
        try
        {
            Workers.ThreadCount = 1;
            Train("one", epochs: 1);
            Workers.ThreadCount = 3;
            Train("three", epochs: 1);
        }
        finally
        {
            Workers.ThreadCount = before;
        }

        Assert.Equal(Bytes("one"), Bytes("three"));
    }

    [Fact]
    public void StepsInSteadyStateTakeNoMemory()
    {
        var reserved = new List<long>();
        Train("a", epochs: 3, new Course { OnStep = _ => reserved.Add(MemoryStatistics.BytesReserved) });
        Assert.Equal(reserved[3], reserved[^1]);
    }

    [Fact]
    public void TheCheckpointDescribesItsModel()
    {
        Train("a", epochs: 1);
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(_folder, "a", "last.safetensors"));
        ModelDescription description = ModelDescription.From(checkpoint)!;
        Assert.Equal(("polaformer_pp_cifar", 32, 1, false), (description.Model, description.ImageSize, description.Epoch, description.CenterCrop));
        Assert.Equal(["blue", "green", "red"], description.Labels);
        Assert.True(ModelLoader.Recognize(checkpoint) is { Entry.Name: "polaformer_pp_cifar" });
    }

    [Fact]
    public void TheLogHoldsARecordAnEpoch()
    {
        Train("a", epochs: 2);
        Assert.Equal(2, File.ReadLines(Path.Combine(_folder, "a", "log.jsonl")).Count(line => line.StartsWith("""{"kind":"epoch",""", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("AUG.MIXUP", "0.8")]
    [InlineData("TRAIN.OPTIMIZER.NAME", "lamb")]
    [InlineData("MODEL.NUM_CLASSES", "4")]
    [InlineData("MODEL.TYPE", "resnet")]
    [InlineData("DATA.BATCH_SIZE", "1000")]
    [InlineData("DATA.DATASET", "mnist")]
    public void WhatIsNotSupportedIsAnError(string key, string value) =>
        Assert.Throws<ConfigurationException>(() => new Trainer(Config(1, key, value), Path.Combine(_folder, "a")));

    [Fact]
    public void StateOfAnotherBatchSizeIsRefused()
    {
        Train("a", epochs: 1);
        Assert.Throws<TrainingException>(() => new Trainer(Config(2, "DATA.BATCH_SIZE", "4"), Path.Combine(_folder, "a")).Run());
    }

    private static void Stop(TrainingProgress progress, CancellationTokenSource stop)
    {
        if (progress is { Epoch: 2, Step: 1 })
            stop.Cancel();
    }

    private bool Train(string name, int epochs, Course? course = null, CancellationToken stop = default) =>
        new Trainer(Config(epochs), Path.Combine(_folder, name)).Run(course, stop);

    private byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(_folder, name, "last.safetensors"));

    private TrainingConfig Config(int epochs, params string[] options)
    {
        string[] own =
        [
            "DATA.DATA_PATH", _images.Path, "DATA.BATCH_SIZE", "8", "DATA.NUM_WORKERS", "1", "MODEL.NUM_CLASSES", "3",
            "TRAIN.EPOCHS", $"{epochs}", "TRAIN.WARMUP_EPOCHS", "0", "TRAIN.BASE_LR", "0.2",
        ];
        return ConfigurationReader.Read(Path.Combine(SharedData.Repository, "configs", "polaformer_pp_cifar.yaml"), [.. own, .. options]);
    }

    private sealed class Course : ITrainingObserver
    {
        public List<EpochResult> Epochs { get; } = [];

        public (int Epochs, int Steps)? StartedAt { get; private set; }

        public Action<TrainingProgress>? OnStep { get; init; }

        public void RunStarted(RunDescription run) => StartedAt = (run.EpochsDone, run.StepsDone);

        public void StepDone(TrainingProgress progress) => OnStep?.Invoke(progress);

        public void EpochDone(EpochResult result) => Epochs.Add(result);
    }
}
