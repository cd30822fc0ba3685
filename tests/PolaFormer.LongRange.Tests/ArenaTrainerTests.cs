using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Distributed;
using PolaFormer.Files;
using PolaFormer.LongRange.Generation;
using PolaFormer.NN.Attention;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

namespace PolaFormer.LongRange.Tests;

/// <summary>Runs on a tiny ListOps by recipes.</summary>
public sealed class ArenaTrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ArenaTrainerTests() => ListOpsGenerator.WriteFiles(Path.Combine(_folder.Path, "data"), [("train", 50), ("val", 22), ("test", 19)], seed: 1);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("softmax", 2)]
    [InlineData("skyformer(samples=4)", 1)]
    [InlineData("polarity", 1)]
    public void AStoppedRunGoesOnToTheSameBits(string attention, int chunks)
    {
        TrainingConfig config = Config(attention);
        config.LongRange.Chunks = chunks;
        Assert.True(ArenaTrainer.Create(config, At("whole")).Run());
        using var stop = new CancellationTokenSource();
        Assert.False(ArenaTrainer.Create(config, At("parts")).Run(new Course { OnStep = step => { if (step == 5) stop.Cancel(); } }, stop.Token));
        Assert.True(ArenaTrainer.Create(config, At("parts")).Run());
        Assert.Equal(File.ReadAllBytes(Path.Combine(At("whole"), "resume.safetensors")), File.ReadAllBytes(Path.Combine(At("parts"), "resume.safetensors")));
        Assert.Equal(Tested("whole"), Tested("parts"));
    }

    [Fact]
    public void WorkersTrainAndTestWithTheBitsOfOne()
    {
        TrainingConfig config = Config("softmax");
        config.Train.MicroBatches = 4;
        foreach (int workers in (int[])[1, 3, 4])
            Assert.All(LocalGroup.Run(workers, worker => ArenaTrainer.Create(config, At($"{workers}"), workers: worker).Run()), Assert.True);
        foreach (string workers in (string[])["3", "4"])
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(At("1"), "resume.safetensors")), File.ReadAllBytes(Path.Combine(At(workers), "resume.safetensors")));
            Assert.Equal(Tested("1"), Tested(workers));
        }
    }

    [Fact]
    public void AKilledRunGoesOnToTheSameBits()
    {
        TrainingConfig config = Config("linformer(rank=4)");
        Assert.True(ArenaTrainer.Create(config, At("whole")).Run());
        Assert.Throws<OperationCanceledException>(() => ArenaTrainer.Create(config, At("parts")).Run(new Course { OnStep = step => { if (step == 7) throw new OperationCanceledException(); } }));
        var course = new Course();
        Assert.True(ArenaTrainer.Create(config, At("parts")).Run(course));
        Assert.Equal([3, 4], course.Epochs.Select(epoch => epoch.Epoch));
        Assert.Equal(File.ReadAllBytes(Path.Combine(At("whole"), "resume.safetensors")), File.ReadAllBytes(Path.Combine(At("parts"), "resume.safetensors")));
    }

    [Theory]
    [InlineData("paper", 12, 16)]
    [InlineData("honest", 22, 19)]
    public void AProtocolEvaluatesItsRows(string protocol, int dev, int test)
    {
        TrainingConfig config = Config("softmax");
        config.LongRange.Protocol = protocol;
        var course = new Course();
        Assert.True(ArenaTrainer.Create(config, At("run")).Run(course));
        Assert.All(course.Epochs, epoch => Assert.Equal(dev, epoch.Evaluation.Count));
        Assert.Equal(test, course.End!.Test!.Count);
        Assert.Equal(course.End.Test.First.Value, Tested("run"));
        string page = File.ReadAllText(Path.Combine(At("run"), "report.html"));
        Assert.Contains("\"examples_name\":\"rows\"", page);
        Assert.Contains("\"test_accuracy\":", page);
    }

    [Fact]
    public void UnderThePapersProtocolNothingIsSavedInTheFirstFifth()
    {
        TrainingConfig config = Config("softmax");
        config.Train.Epochs = 5;
        var course = new Course();
        ArenaTrainer.Create(config, At("run")).Run(course);
        double[] values = [.. course.Epochs.Select(epoch => epoch.Evaluation.First.Value)];
        int best = Array.IndexOf(values, values.Max()) + 1;
        string path = Path.Combine(At("run"), "best.safetensors");
        Assert.Equal(best > 1, File.Exists(path));
        if (best > 1)
            Assert.Equal($"{best}", Saved(path).Metadata["epoch"]);
    }

    [Fact]
    public void TheTestedWeightsAreThoseThatWereChosen()
    {
        TrainingConfig config = Config("elu");
        config.LongRange.Protocol = "honest";
        var course = new Course();
        ArenaTrainer.Create(config, At("run")).Run(course);
        config.Train.AutoResume = false;
        config.Model.Resume = Path.Combine(At("run"), "best.safetensors");
        Assert.Equal(course.End!.Test!.First.Value, ArenaTrainer.Create(config, At("other")).Evaluate(_ => { })!.Value.Result.First.Value);
    }

    [Theory]
    [InlineData("MODEL.TYPE", "pola_pvt_tiny", "MODEL.TYPE")]
    [InlineData("TRAIN.LR_SCHEDULER.NAME", "cosine", "TRAIN.LR_SCHEDULER.NAME")]
    [InlineData("TRAIN.OPTIMIZER.NAME", "sgd", "TRAIN.OPTIMIZER.NAME")]
    [InlineData("LONG_RANGE.WARMUP_STEPS", "12", "LONG_RANGE.WARMUP_STEPS")]
    [InlineData("LONG_RANGE.CHUNKS", "3", "cannot be cut into 3 parts")]
    [InlineData("DATA.BATCH_SIZE", "20", "19 rows to test on")]
    [InlineData("MODEL.ATTENTION", "[polar]", "no attention 'polar'")]
    [InlineData("LONG_RANGE.DIM", "0", "LONG_RANGE.DIM")]
    public void AKeyThatIsNotForTheArenaIsNamed(string key, string value, string part)
    {
        TrainingConfig config = Config("softmax");
        ConfigurationReader.Apply(config, [key, value]);
        Assert.Contains(part, Assert.Throws<ConfigurationException>(() => ArenaTrainer.Create(config, At("run"))).Message);
    }

    [Fact]
    public void ABadRowEndsTheReadingOrIsLeftOutAndTold()
    {
        string path = Path.Combine(At("data"), "basic_train.tsv");
        File.AppendAllText(path, "no value\n");
        TrainingConfig config = Config("softmax");
        Assert.StartsWith($"{path}: line 52: ", Assert.Throws<FileException>(() => ArenaTrainer.Create(config, At("run"))).Message);
        config.Data.BadImages = "skip";
        var course = new Course();
        ArenaTrainer.Create(config, At("run")).Run(course);
        Assert.StartsWith($"{path}: line 52: ", Assert.Single(course.Warnings));
    }

    [Fact]
    public void EveryRowOfTheTableTrains()
    {
        foreach (ArenaMechanism row in ArenaMechanism.All)
        {
            TrainingConfig config = Config(row.Attention);
            (config.Train.Epochs, config.LongRange.StepsPerEpoch, config.LongRange.WarmupSteps) = (1, 2, 1);
            var course = new Course();
            Assert.True(ArenaTrainer.Create(config, At(row.Title.Replace(' ', '_'))).Run(course), row.Title);
            Assert.True(double.IsFinite(course.End!.Test!.Loss), row.Title);
        }
    }

    [Fact]
    public void ANameTakesTheSettingsOfSkyformersConfiguration()
    {
        Assert.Equal("nystromformer(landmarks=128)", ArenaMechanism.Resolve("nystromformer", 2048));
        Assert.Equal("polarity(alpha=3)", ArenaMechanism.Resolve("polarity", 2048));
        Assert.Equal("polarity(alpha=5)", ArenaMechanism.Resolve("polarity(alpha=5)", 2048));
        Assert.Equal("informer(keys=136,queries=136)", ArenaMechanism.Resolve("informer", 2048));
        Assert.Equal("angular", ArenaMechanism.Resolve("angular", 2048));
        Assert.All(ArenaMechanism.All, row => Assert.NotNull(AttentionRegistry.Find(ArenaMechanism.Resolve(row.Attention, 1024))));
    }

    [Fact]
    public void AStreamTakesEveryRowBeforeOneAgainAndSpansTheSeam()
    {
        var stream = new RowStream(count: 10, batchSize: 4, seed: 3, stream: 1);
        int[] rows = [.. Enumerable.Range(0, 10).SelectMany(batch => stream.Rows(batch))];
        Assert.All(rows.Chunk(10), turn => Assert.Equal(Enumerable.Range(0, 10), turn.Order()));
        Assert.NotEqual(rows[..10], rows[10..20]);
        Assert.Equal(rows[28..32], new RowStream(10, 4, 3, 1).Rows(7));
        Assert.NotEqual(stream.Rows(0), new RowStream(10, 4, 3, 2).Rows(0));
    }

    private TrainingConfig Config(string attention)
    {
        TrainingConfig config = ConfigurationReader.Read(null);
        config.Data.Dataset = "listops";
        config.Data.DataPath = At("data");
        config.Data.BatchSize = 4;
        config.Model.Type = "sequence_classifier";
        config.Model.Attention = [attention];
        config.Model.DropRate = 0.1;
        config.Train.Epochs = 4;
        config.Train.BaseLr = 1e-2;
        config.Train.WeightDecay = 0;
        (config.Train.ClipGrad, config.Train.ClipMode) = (1, "value");
        config.Train.LrScheduler.Name = "onecycle";
        config.Train.Optimizer.Eps = 1e-6;
        (config.LongRange.StepsPerEpoch, config.LongRange.WarmupSteps, config.LongRange.DevBatches) = (3, 2, 3);
        (config.LongRange.MaxLength, config.LongRange.Dim, config.LongRange.HiddenDim, config.LongRange.HeadDim) = (256, 8, 8, 4);
        config.PrintFreq = 1;
        return config;
    }

    private string At(string name) => Path.Combine(_folder.Path, name);

    private double Tested(string run)
    {
        string last = File.ReadLines(Path.Combine(At(run), "log.jsonl")).Last();
        return JsonDocument.Parse(last).RootElement.GetProperty("test_accuracy").GetDouble();
    }

    private static Checkpoint Saved(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return checkpoint;
    }

    private sealed class Course : ITrainingObserver
    {
        public Action<long>? OnStep { get; init; }

        public List<EpochResult> Epochs { get; } = [];

        public RunEnd? End { get; private set; }

        public void RunStarted(RunDescription run)
        {
        }

        public List<string> Warnings { get; } = [];

        public void Warned(string message) => Warnings.Add(message);

        public bool WantsStep(int step) => true;

        public void StepDone(TrainingProgress progress) => OnStep?.Invoke(progress.GlobalStep);

        public void EpochDone(EpochResult result) => Epochs.Add(result);

        public void RunEnded(RunEnd end) => End = end;
    }
}
