using System.Text.Json;
using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests;

/// <summary>Several workers train one network: threads of this process, with messages as between machines.</summary>
[Collection(nameof(RunsAlone))]
public sealed class WorkersTests : IDisposable
{
    private static readonly string[] s_parts = ["TRAIN.MICRO_BATCHES", "8", "DATA.BATCH_SIZE", "16", "AUG.MIXUP", "0.4"];
    private readonly TinyRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Theory]
    [InlineData("muon")]
    [InlineData("adamw")]
    public void AnyNumberOfWorkersEndsWithTheBitsOfOne(string rule)
    {
        string[] options = [.. s_parts, "TRAIN.OPTIMIZER.NAME", rule];
        Train("1", 1, epochs: 2, options);
        foreach (int workers in (int[])[2, 3, 4, 5, 8])
        {
            Train($"{workers}", workers, epochs: 2, options);
            Assert.Equal(_runs.Bytes("1"), _runs.Bytes($"{workers}"));
            Assert.Equal(_runs.Bytes("1", "resume"), _runs.Bytes($"{workers}", "resume"));
        }
    }

    [Theory]
    [InlineData("muon")]
    [InlineData("adamw")]
    public void ARunGoesOnWithMoreOrFewerWorkersToTheSameBits(string rule)
    {
        string[] options = [.. s_parts, "TRAIN.OPTIMIZER.NAME", rule];
        Train("whole", 1, epochs: 4, options);
        Train("parts", 4, epochs: 4, options, stopAfter: 1);
        Train("parts", 2, epochs: 4, options, stopAfter: 2);
        Train("parts", 8, epochs: 4, options);
        Assert.Equal(_runs.Bytes("whole"), _runs.Bytes("parts"));
        Assert.Equal(_runs.Bytes("whole", "resume"), _runs.Bytes("parts", "resume"));
    }

    [Fact]
    public void WhereARecipeLeavesTheNumberOpenARunKeepsThatOfItsStart()
    {
        string[] open = ["DATA.BATCH_SIZE", "16"];
        Train("whole", 4, epochs: 2, open);
        Train("parts", 4, epochs: 2, open, stopAfter: 1);
        Train("parts", 1, epochs: 2, open);
        Assert.Equal(_runs.Bytes("whole"), _runs.Bytes("parts"));
    }

    [Fact]
    public void RunningStatisticsMoveToTheMeanOfTheMicroBatches()
    {
        var norm = new BatchNorm2d(1);
        norm.Initialize(1);
        norm.Train();
        var tree = new GradientTree(WorkerGroup.Single, new ProcessorGradients(WorkerGroup.Single), new BatchShare(2, 0, 2), norm, isOverlapped: true);
        tree.Begin();
        for (int i = 0; i < 2; i++)
        {
            tree.BeginMicroBatch(i);
            using (MemoryScope.Enter())
            using (var tape = Tape.Start())
                tape.Backward(norm.Forward(Tensor.Full([2, 1, 1, 1], i == 0 ? 1 : 3)).Sum());
            tree.Add(i, isFinite: true);
        }

        tree.End();
        // From 0 by a tenth of the way to 1 and to 3.
        Assert.Equal(0.2f, norm.StateDict().Single(entry => entry.Name == "running_mean").Tensor.ToArray()[0], 6);
    }

    [Fact]
    public void AWorkerWithOtherDataIsNamed()
    {
        using var other = new SyntheticImages(trainPerClass: 9, evaluationPerClass: 2);
        var error = Assert.Throws<AggregateException>(() => LocalGroup.Run(2, worker =>
            New("run", worker, epochs: 1, worker.IsFirst ? s_parts : [.. s_parts, "DATA.DATA_PATH", other.Path]).Run()));
        Assert.All(error.InnerExceptions, each => Assert.Contains("Worker 1 on ", each.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void AWorkerWithAnotherRecipeIsNamed()
    {
        var error = Assert.Throws<AggregateException>(() => LocalGroup.Run(2, worker =>
            New("run", worker, epochs: 1, worker.IsFirst ? s_parts : [.. s_parts, "TRAIN.BASE_LR", "0.1"]).Run()));
        Assert.All(error.InnerExceptions, each => Assert.Contains("has another recipe than worker 0", each.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void MoreWorkersThanPartsAreRefused()
    {
        var error = Assert.Throws<AggregateException>(() => LocalGroup.Run(4, worker => New("run", worker, epochs: 1, "TRAIN.MICRO_BATCHES", "2").Run()));
        Assert.Contains("Start at most 2", error.InnerExceptions[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TRAIN.MICRO_BATCHES", "3", "no power of two")]
    [InlineData("TRAIN.MICRO_BATCHES", "16", "equal parts")]
    public void PartsThatCannotBeAreRefused(string key, string value, string reason) =>
        Assert.Contains(reason, Assert.Throws<ConfigurationException>(() => _runs.NewTrainer("run", 1, key, value)).Message, StringComparison.Ordinal);

    [Fact]
    public void ALossThatIsNotFiniteOnOneWorkerEndsAll()
    {
        var error = Assert.Throws<AggregateException>(() => LocalGroup.Run(2, worker => NewWithNaN("run", worker, NonFinitePolicy.Stop).Run()));
        // The one that tells it first ends the other.
        Assert.All(error.InnerExceptions, each => Assert.StartsWith("The loss is NaN in epoch 1, step 2.", Assert.IsType<TrainingException>(each).Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(NonFinitePolicy.Skip)]
    [InlineData(NonFinitePolicy.Rollback)]
    public void AStepThatIsNotFiniteOnOneWorkerIsLeftOutByAll(NonFinitePolicy policy)
    {
        Assert.True(NewWithNaN("one", WorkerGroup.Single, policy).Run());
        Assert.All(LocalGroup.Run(4, worker => NewWithNaN("many", worker, policy).Run()), Assert.True);
        Assert.Equal(_runs.Bytes("one"), _runs.Bytes("many"));
    }

    [Fact]
    public void WorkersWhoseDevicesNothingJoinsTellItAndEndWithTheBitsOfOne()
    {
        Assert.Empty(TrainOn("processor", 1, () => Device.Cpu).Warnings);
        Assert.Empty(TrainOn("one", 1, () => new LateDevice()).Warnings);
        Assert.Equal(
            "Gradients go from worker to worker through the processor's memory (worker 0: nothing joins the device late to others).",
            Assert.Single(TrainOn("many", 4, () => new LateDevice()).Warnings));
        Assert.Equal(_runs.Bytes("processor"), _runs.Bytes("one"));
        Assert.Equal(_runs.Bytes("processor"), _runs.Bytes("many"));

        Course TrainOn(string name, int workers, Func<Device> device) => LocalGroup.Run(workers, worker =>
        {
            var course = new Course();
            Assert.True(NewWithNaN(name, worker, NonFinitePolicy.Stop, device(), naNAt: null).Run(course));
            return course;
        })[0];
    }

    [Fact]
    public void ARingGivesTheSameNumberOfWorkersTheSameBits()
    {
        string[] ring = [.. s_parts, "TRAIN.REDUCE", "ring"];
        Train("once", 3, epochs: 2, ring);
        Train("again", 3, epochs: 2, ring);
        Assert.Equal(_runs.Bytes("once"), _runs.Bytes("again"));
    }

    [Fact]
    public void ARingMayGiveOtherBitsThanTheTree()
    {
        // Else it would not be one.
        Train("tree", 4, epochs: 2, s_parts);
        Train("ring", 4, epochs: 2, [.. s_parts, "TRAIN.REDUCE", "ring"]);
        Assert.NotEqual(_runs.Bytes("tree"), _runs.Bytes("ring"));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void TheLogTellsHowWorkersSharedAnEpoch(int workers)
    {
        Train("run", workers, epochs: 2, s_parts);
        JsonElement epoch = File.ReadLines(Path.Combine(_runs["run"], "log.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).Last(record => record.GetProperty("kind").GetString() == "epoch");
        Assert.Equal(workers, epoch.GetProperty("workers").GetInt32());
        Assert.True(epoch.GetProperty("communication_seconds").GetDouble() > 0);
        Assert.True(epoch.GetProperty("waited_seconds").GetDouble() >= 0);
        Assert.InRange(epoch.GetProperty("imbalance").GetDouble(), 1, workers);
        Assert.InRange(epoch.GetProperty("slowest_worker").GetInt32(), 0, workers - 1);
        Assert.Contains($"\"workers\":{workers},", File.ReadAllText(Path.Combine(_runs["run"], "report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void ARunOfOneWorkerTellsNothingOfWorkers()
    {
        Train("run", 1, epochs: 1, s_parts);
        Assert.DoesNotContain("imbalance", File.ReadAllText(Path.Combine(_runs["run"], "log.jsonl")), StringComparison.Ordinal);
    }

    // The loss of the last micro-batch of the second step is NaN.
    private Trainer NewWithNaN(string name, WorkerGroup worker, NonFinitePolicy policy, Device? device = null, int? naNAt = 7)
    {
        var task = new SequenceTask(device) { NaNAt = naNAt };
        var options = new TrainerOptions
        {
            Epochs = 2,
            Optimizer = new AdamW([new ParameterGroup([.. task.Model.NamedParameters()], 0)]),
            Schedule = new CosineSchedule(1e-2, 1e-2, 0, 0, 4),
            MicroBatches = 4,
            OnNonFinite = policy,
            Workers = worker,
        };
        return new Trainer(task, options, _runs[name]);
    }

    private void Train(string name, int workers, int epochs, string[] options, int stopAfter = int.MaxValue) => LocalGroup.Run(workers, worker =>
    {
        using var stop = new CancellationTokenSource();
        var course = new Course { OnStep = progress => StopAt(progress.GlobalStep, stopAfter, stop) };
        return New(name, worker, epochs, options).Run(course, stop.Token);
    });

    private Trainer New(string name, WorkerGroup worker, int epochs, params string[] options)
    {
        TrainingConfig config = _runs.Config(epochs, options);
        config.Output = _runs[name];
        config.PrintFreq = 1;
        MicroBatches.Settle(config, worker);
        return ConfiguredTrainer.Create(config, config.Output, workers: worker);
    }

    private static void StopAt(long step, int last, CancellationTokenSource stop)
    {
        if (step >= last)
            stop.Cancel();
    }
}
