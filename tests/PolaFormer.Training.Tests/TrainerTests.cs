using PolaFormer.Checkpoints;
using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Threading;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests;

[Collection(nameof(RunsAlone))]
public sealed class TrainerTests : IDisposable
{
    private readonly TinyRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public void TheLossFallsAndTheImagesAreLearnt()
    {
        var course = new Course();
        Assert.True(Train("a", epochs: 8, course, options: ["MODEL.TYPE", "polaformer_pp_cifar"]));
        Assert.True(course.Epochs[^1].TrainLoss < 0.6 * course.Epochs[0].TrainLoss, string.Join(", ", course.Epochs.Select(epoch => epoch.TrainLoss)));
        Assert.Equal(1, course.Epochs.Max(epoch => epoch.Evaluation["top1"]));
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

    [Theory]
    [InlineData("TRAIN.MODEL_EMA", "true", "TRAIN.ACCUMULATION_STEPS", "2", "DATA.BATCH_SIZE", "4")]
    [InlineData("TRAIN.OPTIMIZER.NAME", "sgd", "TRAIN.LR_SCHEDULER.NAME", "linear", "TRAIN.CLIP_MODE", "value")]
    [InlineData("TRAIN.OPTIMIZER.NAME", "muon", "TRAIN.LR_SCHEDULER.NAME", "step", "TRAIN.LAYER_DECAY", "0.7")]
    [InlineData("TRAIN.FREEZE", "[patch_embed.*]", "MODEL.DROP_PATH_RATE", "0.3")]
    [InlineData("AUG.AUTO_AUGMENT", "rand-m9-mstd0.5-inc1", "AUG.REPROB", "0.25", "AUG.MIXUP", "0.8", "AUG.CUTMIX", "1", "AUG.MIXUP_MODE", "elem")]
    public void EveryKindOfRunResumesToTheSameBits(params string[] options)
    {
        Train("whole", epochs: 2, options: options);
        using var stop = new CancellationTokenSource();
        Assert.False(Train("parts", epochs: 2, new Course { OnStep = progress => Stop(progress, stop) }, stop.Token, options));
        Assert.True(Train("parts", epochs: 2, options: options));
        Assert.Equal(Bytes("whole", "resume"), Bytes("parts", "resume"));
    }

    [Fact]
    public void ThePthHoldsTheSameNetworks()
    {
        Train("a", epochs: 2, options: ["SAVE_PTH", "true", "TRAIN.MODEL_EMA", "true"]);
        foreach (string name in new[] { "last", "best" })
        {
            using Checkpoint ours = Checkpoint.Open(Path.Combine(_runs["a"], $"{name}.safetensors")), authors = Checkpoint.Open(Path.Combine(_runs["a"], $"{name}.pth"));
            Assert.Contains("state_dict_ema", authors.Sections);
            Assert.Equal(ours.Entries.Select(entry => entry.Name), authors.Entries.Select(entry => entry.Name));
            foreach (CheckpointEntry entry in ours.Entries.Where(entry => entry.DType == DType.Float32))
                Assert.Equal(Values(entry), Values(authors[entry.Name]));
        }

        static float[] Values(CheckpointEntry entry)
        {
            float[] values = new float[entry.Shape.Count];
            entry.ReadFloat32(values);
            return values;
        }
    }

    [Fact]
    public void AFolderIsOneRunsAtATime()
    {
        Trainer second = NewTrainer("a", epochs: 1);
        TrainingException? refused = null;
        Train("a", epochs: 1, new Course { OnStep = progress => refused ??= Assert.Throws<TrainingException>(() => second.Run()) });
        Assert.Contains("another run writes there", refused!.Message);
    }

    [Fact]
    public void WhatAKilledProcessLeftHalfWrittenIsCleared()
    {
        string leftover = Path.Combine(_runs["a"], "last.safetensors.1a2b3c4d.polaformer-tmp");
        Trainer trainer = NewTrainer("a", epochs: 1);
        Directory.CreateDirectory(_runs["a"]);
        File.WriteAllText(leftover, "half");
        trainer.Run();
        Assert.False(File.Exists(leftover));
    }

    [Theory]
    [InlineData("config.yaml")]
    [InlineData("log.jsonl")]
    [InlineData("summary.csv")]
    [InlineData("report.html")]
    public void AFileThatCannotBeWrittenWarnsAndTheRunGoesOn(string name)
    {
        Trainer trainer = NewTrainer("a", epochs: 2);
        Directory.CreateDirectory(Path.Combine(_runs["a"], name, "in the way"));
        var course = new Course();
        Assert.True(trainer.Run(course));
        Assert.Contains(course.Warnings, warning => warning.Contains(name));
    }

    [Fact]
    public void DamageAnywhereInTheStateFallsBack()
    {
        Train("a", epochs: 2);
        byte[] good = Bytes("a", "resume");
        for (int position = 9; position < good.Length; position += good.Length / 40)
        {
            byte[] bad = [.. good];
            bad[position] ^= 1;
            File.WriteAllBytes(Path.Combine(_runs["a"], "resume.safetensors"), bad);
            var course = new Course { OnStep = _ => throw new OperationCanceledException() };
            Train("a", epochs: 2, course);
            Assert.Equal((1, 0), course.StartedAt);
            Assert.Contains(course.Warnings, warning => warning.Contains("resume.previous.safetensors"));
        }
    }

    [Fact]
    public void ACommandWithAStateToStartFromCanBeGivenAgain()
    {
        Train("a", epochs: 1);
        string[] resume = ["MODEL.RESUME", Path.Combine(_runs["a"], "resume.safetensors")];
        var first = new Course { OnStep = progress => Throw(progress, epoch: 3) };
        Train("b", epochs: 3, first, options: resume);
        var second = new Course();
        Assert.True(Train("b", epochs: 3, second, options: resume));
        Assert.Equal(((1, 0), (2, 0)), (first.StartedAt!.Value, second.StartedAt!.Value));
    }

    [Fact]
    public void ADamagedStateFallsBackToTheOneBefore()
    {
        Train("whole", epochs: 3);
        Train("parts", epochs: 3, new Course { OnStep = progress => Throw(progress, epoch: 3) });
        Damage("parts", "resume");
        var resumed = new Course();
        Assert.True(Train("parts", epochs: 3, resumed));
        Assert.Equal((1, 0), resumed.StartedAt);
        Assert.Contains("resume.previous.safetensors", Assert.Single(resumed.Warnings));
        Assert.Equal(Bytes("whole", "resume"), Bytes("parts", "resume"));
    }

    [Fact]
    public void WithBothStatesDamagedTheRunDoesNotStart()
    {
        Train("a", epochs: 2);
        Damage("a", "resume");
        Damage("a", "resume.previous");
        Assert.Throws<CheckpointException>(() => Train("a", epochs: 2));
    }

    [Fact]
    public void ANaNLossStopsTheRun()
    {
        Trainer trainer = NewTrainer("a", epochs: 2, "TRAIN.ON_NAN", "stop");
        var error = Assert.Throws<TrainingException>(() => trainer.Run(new Course { OnStep = progress => Poison(trainer, progress, step: 2) }));
        Assert.Contains("epoch 1, step 3", error.Message);
    }

    [Fact]
    public void AnomalyDetectionNamesTheOperator()
    {
        Trainer trainer = NewTrainer("a", epochs: 2, "TRAIN.DETECT_ANOMALY", "true");
        var error = Assert.Throws<TrainingException>(() => trainer.Run(new Course { OnStep = progress => Poison(trainer, progress, step: 2) }));
        Assert.Contains("Convolution", error.Message);
        Assert.Contains("patch_embed.proj.0", error.Message);
    }

    [Fact]
    public void RealPhotographsCanBeLearntByHeart()
    {
        string data = _runs["photographs"];
        foreach (string photograph in Directory.GetFiles(Path.Combine(SharedData.Repository, "samples", "images"), "*.jpg"))
        {
            foreach (string split in new[] { "train", "val" })
            {
                string folder = Path.Combine(data, split, Path.GetFileNameWithoutExtension(photograph));
                Directory.CreateDirectory(folder);
                File.Copy(photograph, Path.Combine(folder, Path.GetFileName(photograph)));
            }
        }

        var course = new Course();
        Train("a", epochs: 60, course, options:
        [
            "DATA.DATA_PATH", data, "DATA.BATCH_SIZE", "5", "DATA.DATASET", "imagenet", "DATA.IMG_SIZE", "48", "MODEL.NUM_CLASSES", "5", "SAVE_FREQ", "100",
            "TRAIN.OPTIMIZER.NAME", "muon", "TRAIN.BASE_LR", "2.5", "MODEL.LABEL_SMOOTHING", "0", "MODEL.DROP_PATH_RATE", "0",
        ]);
        Assert.True(course.Epochs[^1].Evaluation is { First.Value: 1, Loss: < 0.1 }, $"{course.Epochs[^1].Evaluation.Metrics}");
    }

    [Fact]
    public void AThousandStepsKeepTheMemoryFlat()
    {
        const int stretch = 100;
        var reserved = new List<long>();
        var managed = new List<long>();
        void Measure(TrainingProgress progress)
        {
            if (progress.GlobalStep % stretch != 0)
                return;
            reserved.Add(Device.Cpu.MemoryStatistics.BytesReserved);
            managed.Add(GC.GetTotalMemory(forceFullCollection: true));
        }

        Train("a", epochs: 84, new Course { OnStep = Measure }, options: ["DATA.BATCH_SIZE", "2", "TRAIN.BASE_LR", "0.02", "SAVE_FREQ", "100"]);
        Assert.All(reserved, bytes => Assert.Equal(reserved[0], bytes));

        // A leak grows in every stretch. What the process frees or keeps beside, such as pooled arrays of earlier tests, changes single ones.
        long[] growth = [.. managed.Zip(managed.Skip(1), (before, after) => after - before).Order()];
        Assert.True(growth.Length >= 9 && growth[growth.Length / 2] < 28 << 10, $"bytes in {stretch} steps: {string.Join(", ", growth)}");
    }

    [Fact]
    public void SkippedStepsChangeNothing()
    {
        Trainer trainer = NewTrainer("a", epochs: 1, "TRAIN.ON_NAN", "skip");
        float[]? before = null;
        int warned = 0;
        Tensor[] others = [.. trainer.Model.StateDict().Where(entry => entry.Tensor != trainer.Model.Parameters().First()).Select(entry => entry.Tensor)];
        float[] Values() => [.. others.SelectMany(tensor => tensor.To(DType.Float32).ToArray())];
        trainer.Run(new Course
        {
            OnStep = progress =>
            {
                if (progress.Step == 1)
                    before = Values();
                Poison(trainer, progress, step: 1);
            },
            OnWarning = _ =>
            {
                warned++;
                Assert.Equal(before, Values());
            },
        });
        Assert.Equal(2, warned);
    }

    [Fact]
    public void ARollbackReturnsAndPassesTheBatchOver()
    {
        Trainer trainer = NewTrainer("a", epochs: 2, "TRAIN.ON_NAN", "rollback");
        int poisoned = 0;
        var course = new Course { OnStep = progress => poisoned += poisoned == 0 && Poison(trainer, progress, step: 5) ? 1 : 0 };
        Assert.True(trainer.Run(course));
        Assert.Contains("epoch 2, step 3: back to epoch 2, step 0", Assert.Single(course.Warnings));
        Assert.All(trainer.Model.Parameters(), parameter => Assert.All(parameter.ToArray(), value => Assert.True(float.IsFinite(value))));
        Assert.Equal(5, trainer.Model.StateDict().First(entry => entry.Tensor.DType == DType.Int64).Tensor.AsSpan<long>()[0]);
    }

    [Fact]
    public void FineTuningStartsFromAnotherNetworksWeights()
    {
        Train("a", epochs: 1);
        Trainer trainer = NewTrainer("b", epochs: 1, "MODEL.PRETRAINED", Path.Combine(_runs["a"], "last.safetensors"), "TRAIN.FREEZE", "[patch_embed.*, layers.*]");
        Assert.Empty(((ClassificationTask)trainer.Task).Pretrained!.Missing);
        float[] stem = trainer.Model.Parameters().First().ToArray();
        trainer.Run();
        Assert.Equal(stem, trainer.Model.Parameters().First().ToArray());
    }

    [Fact]
    public void AStartFromAnotherArchitectureIsRefused()
    {
        Train("a", epochs: 1);
        Assert.Throws<CheckpointException>(() => NewTrainer("b", epochs: 1, "MODEL.PRETRAINED", Path.Combine(_runs["a"], "last.safetensors"), "MODEL.TYPE", "pola_pvt_tiny", "DATA.IMG_SIZE", "32"));
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
        Train("a", epochs: 3, new Course { OnStep = _ => reserved.Add(Device.Cpu.MemoryStatistics.BytesReserved) });
        Assert.Equal(reserved[3], reserved[^1]);
    }

    [Fact]
    public void TheCheckpointDescribesItsModel()
    {
        Train("a", epochs: 1, options: ["MODEL.TYPE", "polaformer_pp_cifar"]);
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(_runs["a"], "last.safetensors"));
        ModelDescription description = ModelDescription.From(checkpoint)!;
        Assert.Equal(("polaformer_pp_cifar", 32, 1, false), (description.Model, description.ImageSize, description.Epoch, description.CenterCrop));
        Assert.Equal(["blue", "green", "red"], description.Labels);
        Assert.True(ModelRecognition.Recognize(checkpoint) is { Entry.Name: "polaformer_pp_cifar" });
    }

    [Fact]
    public void TheLogHoldsARecordAnEpoch()
    {
        Train("a", epochs: 2);
        Assert.Equal(2, File.ReadLines(Path.Combine(_runs["a"], "log.jsonl")).Count(line => line.StartsWith("""{"kind":"epoch",""", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("AUG.AUTO_AUGMENT", "augmix-m5")]
    [InlineData("AUG.REPROB", "2")]
    [InlineData("TRAIN.OPTIMIZER.NAME", "lamb")]
    [InlineData("MODEL.NUM_CLASSES", "4")]
    [InlineData("MODEL.TYPE", "resnet")]
    [InlineData("DATA.BATCH_SIZE", "1000")]
    [InlineData("DATA.DATASET", "mnist")]
    [InlineData("TRAIN.ACCUMULATION_STEPS", "100")]
    public void WhatIsNotSupportedIsAnError(string key, string value) =>
        Assert.Throws<ConfigurationException>(() => ConfiguredTrainer.Create(Config(1, key, value), _runs["a"]));

    [Fact]
    public void AnOddBatchCannotBeMixed() =>
        Assert.Throws<ConfigurationException>(() => ConfiguredTrainer.Create(Config(1, "AUG.MIXUP", "0.8", "DATA.BATCH_SIZE", "7"), _runs["a"]));

    [Fact]
    public void StateOfAnotherBatchSizeIsRefused()
    {
        Train("a", epochs: 1);
        Assert.Throws<TrainingException>(() => ConfiguredTrainer.Create(Config(2, "DATA.BATCH_SIZE", "4"), _runs["a"]).Run());
    }

    private static void Stop(TrainingProgress progress, CancellationTokenSource stop)
    {
        if (progress is { Epoch: 2, Step: 1 })
            stop.Cancel();
    }

    // A process that dies within an epoch.
    private static void Throw(TrainingProgress progress, int epoch)
    {
        if (progress.Epoch == epoch)
            throw new OperationCanceledException();
    }

    // Makes the network's first weight NaN after a step of the run; true where it did.
    private static bool Poison(Trainer trainer, TrainingProgress progress, int step)
    {
        if (progress.GlobalStep != step)
            return false;
        trainer.Model.Parameters().First().AsSpan<float>()[0] = float.NaN;
        return true;
    }

    private Trainer NewTrainer(string name, int epochs, params string[] options) => _runs.NewTrainer(name, epochs, options);

    private bool Train(string name, int epochs, Course? course = null, CancellationToken stop = default, params string[] options) => _runs.Train(name, epochs, course, stop, options);

    private byte[] Bytes(string name, string file = "last") => _runs.Bytes(name, file);

    private void Damage(string name, string file) => _runs.Damage(name, file);

    private TrainingConfig Config(int epochs, params string[] options) => _runs.Config(epochs, options);
}
