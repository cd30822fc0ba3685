using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests;

/// <summary>What a run has saved is not lost: by damage, by a save that fails, by a start that is refused, or by starting it again.</summary>
[Collection(nameof(RunsAlone))]
public sealed class SavedRunTests : IDisposable
{
    private readonly TinyRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public void ADamagedStateNeverTakesThePlaceOfTheOneBefore()
    {
        _runs.Train("a", epochs: 4, new Course { OnStep = progress => DieIn(progress, epoch: 3) });
        byte[] good = _runs.Bytes("a", "resume.previous");
        _runs.Damage("a", "resume");
        // Dies after the first save, at the end of the second epoch.
        _runs.Train("a", epochs: 4, new Course { OnStep = progress => DieIn(progress, epoch: 3) });
        Assert.Equal(good, _runs.Bytes("a", "resume.previous"));
        Assert.True(_runs.Train("a", epochs: 4));
        _runs.Train("whole", epochs: 4);
        Assert.Equal(_runs.Bytes("whole", "resume"), _runs.Bytes("a", "resume"));
    }

    [Fact]
    public void AStateThatCannotBeWrittenLeavesBothStates()
    {
        _runs.Train("a", epochs: 2);
        byte[] last = _runs.Bytes("a", "resume");
        // The state before cannot be replaced, so the last one stays where it is.
        string previous = Path.Combine(_runs["a"], "resume.previous.safetensors");
        File.Delete(previous);
        Directory.CreateDirectory(Path.Combine(previous, "in the way"));
        Assert.Throws<FileException>(() => _runs.Train("a", epochs: 3));
        Assert.Equal(last, _runs.Bytes("a", "resume"));
    }

    [Fact]
    public void ANewRunInAnOldFolderDoesNotFallBackToTheOldOne()
    {
        _runs.Train("a", epochs: 3);
        _runs.Train("a", epochs: 1, options: ["TRAIN.AUTO_RESUME", "false"]);
        Assert.False(File.Exists(Path.Combine(_runs["a"], "resume.previous.safetensors")));
        Assert.True(_runs.Train("a", epochs: 2));
    }

    [Theory]
    [InlineData("best")]
    [InlineData("best_ema")]
    public void TheBestNetworkIsSavedOnceItsNameIsFree(string name)
    {
        string[] options = ["TRAIN.MODEL_EMA", "true", "TRAIN.MODEL_EMA_DECAY", "0.5", "SAVE_PTH", "true"];
        var plain = new Course();
        _runs.Train("plain", epochs: 6, plain, options: options);
        Func<EpochResult, double> top1 = name == "best" ? result => result.Evaluation["top1"] : result => result.EmaEvaluation!["top1"];
        int best = plain.Epochs.MaxBy(top1)!.Epoch;
        Directory.CreateDirectory(Path.Combine(_runs["a"], $"{name}.safetensors", "in the way"));
        var course = new Course { OnEpoch = result => FreeAfter(result, best, name) };
        Assert.True(_runs.Train("a", epochs: 6, course, options: options));
        Assert.NotEmpty(course.Warnings);
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(_runs["a"], $"{name}.safetensors"));
        Assert.Equal((plain.Epochs.Max(top1), best), (ModelDescription.From(checkpoint)!.Top1, ModelDescription.From(checkpoint)!.Epoch));
        Assert.Equal(_runs.Bytes("plain", name), _runs.Bytes("a", name));
        Assert.Equal(_runs.Bytes("plain", "resume"), _runs.Bytes("a", "resume"));
    }

    [Fact]
    public void ARunDoesNotEndWellWithoutItsBestNetwork()
    {
        string folder = Path.Combine(_runs["a"], "best.safetensors");
        Directory.CreateDirectory(Path.Combine(folder, "in the way"));
        Assert.Contains("best.safetensors", Assert.Throws<FileException>(() => _runs.Train("a", epochs: 2)).Message);
        Directory.Delete(folder, recursive: true);
        Assert.True(_runs.Train("a", epochs: 2));
        Assert.True(File.Exists(folder));
    }

    [Fact]
    public void ANetworkThatCannotBeWrittenDoesNotKeepTheStateFromBeingWritten()
    {
        Directory.CreateDirectory(Path.Combine(_runs["a"], "last.safetensors", "in the way"));
        _runs.Train("a", epochs: 3, new Course { OnStep = progress => DieIn(progress, epoch: 3) });
        var resumed = new Course();
        Assert.Throws<FileException>(() => _runs.Train("a", epochs: 3, resumed));
        Assert.Equal((2, 0), resumed.StartedAt);
    }

    [Fact]
    public void FilesOfOthersStay()
    {
        Directory.CreateDirectory(_runs["a"]);
        string[] names = ["thesis.tmp", "notes.safetensors.tmp", "last.safetensors.old.tmp", "resume.safetensors.20260101.bak"];
        foreach (string name in names)
            File.WriteAllText(Path.Combine(_runs["a"], name), "mine");
        _runs.Train("a", epochs: 1);
        Assert.All(names, name => Assert.Equal("mine", File.ReadAllText(Path.Combine(_runs["a"], name))));
    }

    [Fact]
    public void TheNetworkThatARunStartsFromIsNotReplaced()
    {
        _runs.Train("a", epochs: 1);
        Directory.CreateDirectory(_runs["b"]);
        string pretrained = Path.Combine(_runs["b"], "best.safetensors");
        File.Copy(Path.Combine(_runs["a"], "best.safetensors"), pretrained);
        byte[] before = File.ReadAllBytes(pretrained);
        Assert.Contains("write its own networks over it", Assert.Throws<TrainingException>(() => _runs.Train("b", epochs: 1, options: ["MODEL.PRETRAINED", pretrained])).Message);
        Assert.Equal(before, File.ReadAllBytes(pretrained));
    }

    [Fact]
    public void AFileWithTheNameOfTheLockStays()
    {
        Directory.CreateDirectory(_runs["a"]);
        File.WriteAllText(Path.Combine(_runs["a"], "run.lock"), "mine");
        _runs.Train("a", epochs: 1);
        Assert.Equal("mine", File.ReadAllText(Path.Combine(_runs["a"], "run.lock")));
        _runs.Train("b", epochs: 1);
        Assert.False(File.Exists(Path.Combine(_runs["b"], "run.lock")));
    }

    [Theory]
    [InlineData("DATA.BATCH_SIZE", "4")]
    [InlineData("MODEL.PP.PROJECTION", "32")]
    [InlineData("TRAIN.OPTIMIZER.NAME", "sgd")]
    public void ARefusedStartLeavesTheFilesOfTheRunBefore(string key, string value)
    {
        _runs.Train("a", epochs: 2);
        Dictionary<string, byte[]> before = Files("a");
        Assert.Throws<TrainingException>(() => _runs.Train("a", epochs: 3, options: [key, value]));
        Assert.Equal(before, Files("a"));
    }

    [Fact]
    public void OtherClassesAreRefusedAndBothListsNamed()
    {
        _runs.Train("a", epochs: 1);
        Dictionary<string, byte[]> before = Files("a");
        string message = Assert.Throws<TrainingException>(() => _runs.Train("a", epochs: 2, options: ["DATA.DATA_PATH", Renamed("cat", "dog", "red")])).Message;
        Assert.Contains("(blue, green, red)", message);
        Assert.Contains("(cat, dog, red)", message);
        Assert.Contains("blue, green only in the saved weights, cat, dog only in the data", message);
        Assert.Equal(before, Files("a"));
    }

    [Fact]
    public void ClassesInAnotherOrderAreRefused()
    {
        _runs.Train("a", epochs: 1);
        var state = new StateFile(Path.Combine(_runs["a"], "resume.safetensors"));
        state.Write(Path.Combine(_runs["b"], "resume.safetensors"), "classes", """["red","green","blue"]""");
        Assert.Contains("another order", Assert.Throws<TrainingException>(() => _runs.Train("b", epochs: 2)).Message);
    }

    [Fact]
    public void AStateWithoutClassesIsOfAnEarlierVersionAndContinues()
    {
        _runs.Train("a", epochs: 1);
        var state = new StateFile(Path.Combine(_runs["a"], "resume.safetensors"));
        state.Write(Path.Combine(_runs["b"], "resume.safetensors"), "classes", null);
        Assert.True(_runs.Train("b", epochs: 2));
        _runs.Train("a", epochs: 2);
        Assert.Equal(_runs.Bytes("a", "resume"), _runs.Bytes("b", "resume"));
    }

    [Theory]
    [InlineData("epoch", "4294967296")]
    [InlineData("epoch", "-1")]
    [InlineData("epoch", "one")]
    [InlineData("epoch", null)]
    [InlineData("step", "7")]
    [InlineData("step", "-1")]
    [InlineData("step", "1e3")]
    [InlineData("steps_per_epoch", "0")]
    [InlineData("updates", "-5")]
    [InlineData("updates", "99999999999999999999")]
    [InlineData("best_top1", "NaN")]
    [InlineData("best_top1", "Infinity")]
    [InlineData("best_ema_top1", "-2")]
    [InlineData("metrics", "x")]
    [InlineData("metrics", "")]
    [InlineData("metrics", "3 NaN 1 2")]
    [InlineData("metrics", "3 1.5 2 1")]
    [InlineData("metrics", "-3 1.5 0 0")]
    [InlineData("metrics", "99999999999999999999 0 0 0")]
    [InlineData("passed_over", "1,two")]
    [InlineData("passed_over", "-1")]
    [InlineData("classes", "3")]
    [InlineData("classes", "[null]")]
    [InlineData("classes", "[")]
    public void AStateWithAFieldThatNoRunWritesIsRefusedAndTheOneBeforeTaken(string field, string? value)
    {
        _runs.Train("a", epochs: 2);
        string path = Path.Combine(_runs["a"], "resume.safetensors");
        new StateFile(path).Write(path, field, value);
        Assert.Contains(field, Assert.Throws<CheckpointException>(() => _runs.Train("b", epochs: 3, options: ["MODEL.RESUME", path])).Message);
        var resumed = new Course();
        Assert.True(_runs.Train("a", epochs: 2, resumed));
        Assert.Equal((1, 0), resumed.StartedAt);
        Assert.Contains(resumed.Warnings, warning => warning.Contains("resume.previous.safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public void AFinishedRunThatIsStartedAgainSaysSoAndStaysAsItIs()
    {
        _runs.Train("a", epochs: 2);
        Dictionary<string, byte[]> before = Files("a");
        var course = new Course();
        Assert.True(_runs.Train("a", epochs: 2, course));
        Assert.Null(course.StartedAt);
        RunEnd end = Assert.Single(course.Ends);
        Assert.Equal((true, true, 2), (end.IsComplete, end.WasFinished, end.Epochs));
        Assert.True(end.Elapsed > TimeSpan.Zero);
        Assert.Equal(before, Files("a"));
    }

    [Fact]
    public void AFinishedRunGoesOnWithMoreEpochs()
    {
        _runs.Train("a", epochs: 1);
        _runs.Train("a", epochs: 2);
        Assert.Equal(["run", "epoch", "run", "epoch", "end"], Kinds("a").Where(kind => kind != "step"));
    }

    [Fact]
    public void TimeAddsUpOverEveryStart()
    {
        var first = new Course { OnStep = progress => DieIn(progress, epoch: 3) };
        _runs.Train("a", epochs: 3, first);
        var second = new Course();
        _runs.Train("a", epochs: 3, second);
        TimeSpan before = first.Epochs[^1].Elapsed;
        Assert.True(before > TimeSpan.Zero);
        Assert.True(second.Epochs[0].Elapsed > before);
        Assert.True(second.Ends[0].Elapsed > second.Epochs[0].Elapsed);
    }

    [Fact]
    public void EvaluationOfTheFolderMeasuresItsLastStateAndWritesNothing()
    {
        var course = new Course();
        _runs.Train("a", epochs: 2, course);
        Dictionary<string, byte[]> before = Files("a");
        (string weights, Evaluation result) = _runs.NewTrainer("a", epochs: 2).Evaluate(_ => { })!.Value;
        Assert.EndsWith("resume.safetensors", weights, StringComparison.Ordinal);
        Assert.Equal($"{course.Epochs[^1].Evaluation.Metrics}", $"{result.Metrics}");
        Assert.Equal(before, Files("a"));
    }

    [Theory]
    [InlineData("MODEL.RESUME", "last")]
    [InlineData("MODEL.RESUME", "resume")]
    [InlineData("MODEL.PRETRAINED", "last")]
    public void EvaluationMeasuresTheWeightsThatAreNamed(string key, string file)
    {
        var course = new Course();
        _runs.Train("a", epochs: 1, course);
        Evaluation result = _runs.NewTrainer("b", epochs: 1, key, Path.Combine(_runs["a"], $"{file}.safetensors")).Evaluate(_ => { })!.Value.Result;
        Assert.Equal(course.Epochs[0].Evaluation.Loss, result.Loss);
        Assert.False(Directory.Exists(_runs["b"]));
    }

    [Fact]
    public void EvaluationWithoutWeightsIsAnError() =>
        Assert.Contains("--resume", Assert.Throws<ConfigurationException>(() => _runs.NewTrainer("a", epochs: 1).Evaluate(_ => { })).Message);

    private static void DieIn(TrainingProgress progress, int epoch)
    {
        if (progress.Epoch == epoch)
            throw new OperationCanceledException();
    }

    private void FreeAfter(EpochResult result, int epoch, string name)
    {
        if (result.Epoch == epoch)
            Directory.Delete(Path.Combine(_runs["a"], $"{name}.safetensors"), recursive: true);
    }

    // The images under other names of classes, as many and in the same order.
    private string Renamed(params string[] classes)
    {
        string data = _runs["data"];
        foreach (string split in new[] { "train", "val" })
        {
            string[] folders = [.. Directory.GetDirectories(Path.Combine(_runs.Images, split)).Order(StringComparer.Ordinal)];
            for (int i = 0; i < folders.Length; i++)
            {
                string folder = Directory.CreateDirectory(Path.Combine(data, split, classes[i])).FullName;
                foreach (string image in Directory.GetFiles(folders[i]))
                    File.Copy(image, Path.Combine(folder, Path.GetFileName(image)));
            }
        }

        return data;
    }

    private Dictionary<string, byte[]> Files(string name) => Directory.GetFiles(_runs[name]).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    private IEnumerable<string> Kinds(string name) => File.ReadLines(Path.Combine(_runs[name], "log.jsonl")).Select(line => line.Split('"')[3]);
}
