using PolaFormer.Files;
using PolaFormer.Tensors.Random;
using PolaFormer.Training.Reporting;

namespace PolaFormer.Training.Tests.Reporting;

public sealed class TrainingLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder["log.jsonl"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EveryRecordIsAnObjectWhoseFirstKeyIsItsKind()
    {
        Write(new TrainingLog(Path, every: 5), from: 1, to: 1);
        Assert.Equal(["run", "step", "step", "epoch"], File.ReadLines(Path).Select(KindOf));
    }

    [Fact]
    public void AContinuedRunReadsLikeOneNeverStopped()
    {
        Write(new TrainingLog(Path, every: 5), from: 1, to: 2, lastStep: 5);
        // Killed in epoch 2, whose state was not saved.
        Write(new TrainingLog(Path, every: 5), from: 2, to: 2, resumedFrom: "resume.safetensors");
        RunLog log = RunLog.Read(Path);
        Assert.Equal([5.0, 10, 15, 20], log.Steps.GlobalSteps);
        Assert.Equal([1, 2], log.Epochs.Select(epoch => epoch.Epoch));
        Assert.Equal((1, "resume.safetensors"), (log.Run.EpochsDone, log.Run.ResumedFrom));
    }

    [Fact]
    public void StartsAreCountedAndTheFirstIsDated()
    {
        RunEnvironment At(string time) => RunEnvironment.Of(3, "cpu") with { Started = time };
        var log = new TrainingLog(Path, every: 5);
        log.RunStarted(SampleRun.Start() with { Environment = At("first") });
        log.EpochDone(SampleRun.Epoch(1));
        log.RunStarted(SampleRun.Start(epochsDone: 1, 0, "resume.safetensors") with { Environment = At("second") });
        RunLog read = RunLog.Read(Path);
        Assert.Equal((2, "first", "second", 3UL), (read.Starts, read.FirstStarted, read.Run.Environment!.Started, read.Run.Environment.Seed));
        Assert.Contains(".NET", read.Run.Environment.Software, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEpochThatIsEvaluatedAgainIsNotTwiceInTheLog()
    {
        var log = new TrainingLog(Path, every: 5);
        Write(log, from: 1, to: 1);
        log.RunStarted(SampleRun.Start(epochsDone: 0, stepsDone: 10, "resume.safetensors"));
        log.EpochDone(SampleRun.Epoch(1));
        RunLog read = RunLog.Read(Path);
        Assert.Equal(1, Assert.Single(read.Epochs).Epoch);
        Assert.Equal(2, read.Steps.Count);
    }

    [Fact]
    public void ALineTornByAKilledProcessIsDropped()
    {
        Write(new TrainingLog(Path, every: 5), from: 1, to: 1);
        File.AppendAllText(Path, """{"kind":"step","epoch":2,"st""");
        Write(new TrainingLog(Path, every: 5), from: 2, to: 2, resumedFrom: "resume.safetensors");
        Assert.All(File.ReadLines(Path), line => Assert.NotNull(LogRecord.Parse(line)));
        Assert.Equal([5.0, 10, 15, 20], RunLog.Read(Path).Steps.GlobalSteps);
    }

    [Fact]
    public void ANewRunStartsANewLog()
    {
        Write(new TrainingLog(Path, every: 5), from: 1, to: 2);
        Write(new TrainingLog(Path, every: 5), from: 1, to: 1);
        Assert.Single(RunLog.Read(Path).Epochs);
    }

    [Fact]
    public void AnOverflownGradientNormIsReadBack()
    {
        var log = new TrainingLog(Path, every: 1);
        log.RunStarted(SampleRun.Start());
        log.StepDone(SampleRun.Step(1, 1, double.PositiveInfinity));
        Assert.Equal(double.PositiveInfinity, Assert.Single(RunLog.Read(Path).Steps.GradientNorms));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a log\n")]
    [InlineData("{\"kind\":\"spaceship\"}\n")]
    [InlineData("{\"kind\":\"run\",\"model\":null,\"steps_per_epoch\":1}\n")]
    [InlineData("{\"kind\":\"run\",\"model\":\"a\",\"steps_per_epoch\":0}\n")]
    public void WhatIsNoLogIsAnErrorThatNamesTheFile(string text)
    {
        File.WriteAllText(Path, text);
        Assert.Contains(Path, Assert.Throws<TrainingException>(() => RunLog.Read(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ALineThatIsTooLongForARecordIsPassedOver()
    {
        Write(new TrainingLog(Path, every: 5), from: 1, to: 1);
        File.AppendAllText(Path, new string('x', 5 << 20) + "\n");
        new TrainingLog(Path, every: 5).EpochDone(SampleRun.Epoch(2));
        Assert.Equal([1, 2], RunLog.Read(Path).Epochs.Select(epoch => epoch.Epoch));
    }

    [Fact]
    public void AStartThatCouldNotBeWrittenIsWrittenLater()
    {
        Directory.CreateDirectory(Path);
        var log = new TrainingLog(Path, every: 5);
        Assert.Throws<FileException>(() => log.RunStarted(SampleRun.Start()));
        Directory.Delete(Path);
        log.EpochDone(SampleRun.Epoch(1));
        Assert.Single(RunLog.Read(Path).Epochs);
    }

    [Fact]
    public void TheHistoryIsTheLatestTimeAndTheRecordedEnd()
    {
        var log = new TrainingLog(Path, every: 5);
        SampleRun.Tell(log, from: 1, to: 2);
        Assert.Equal(new RunHistory(TimeSpan.FromSeconds(2), null), RunHistory.Read(_folder.Path));
        log.RunEnded(new RunEnd(true, new MetricValue(ClassificationMetrics.Top1, 0.5), TimeSpan.FromSeconds(7), 20, 2, false));
        Assert.Equal(new RunHistory(TimeSpan.FromSeconds(7), 20), RunHistory.Read(_folder.Path));
    }

    [Fact]
    public void WhateverIsChangedInALogItIsReadOrPassedOver()
    {
        SampleRun.Tell(new TrainingLog(Path, every: 5), from: 1, to: 2, isAveraged: true);
        byte[] whole = File.ReadAllBytes(Path);
        int read = 0;
        for (uint i = 0; i < 2000; i++)
        {
            var chance = new Philox(20260103, i);
            byte[] bytes = [.. whole];
            for (uint change = 0; change < 1 + (i % 3); change++)
                bytes[(int)(bytes.Length * chance.Uniform(2 * change))] = (byte)(256 * chance.Uniform((2 * change) + 1));
            File.WriteAllBytes(Path, bytes);
            try
            {
                ReportData.From(RunLog.Read(Path)).ToJson();
                read++;
            }
            catch (TrainingException)
            {
                // The record of the start was hit.
            }

            RunHistory.Read(_folder.Path);
        }

        Assert.InRange(read, 500, 2000);
    }

    [Theory]
    [InlineData("1e308")]
    [InlineData("-5")]
    [InlineData("\"NaN\"")]
    public void ATimeThatCannotBeIsPassedOver(string seconds)
    {
        File.WriteAllText(Path, $$"""{"kind":"end","is_complete":false,"best_top1":0,"seconds":{{seconds}},"global_step":1}""");
        Assert.Equal(RunHistory.None, RunHistory.Read(_folder.Path));
    }

    [Fact]
    public void AFolderWithoutALogHasNoHistory() => Assert.Equal(RunHistory.None, RunHistory.Read(_folder.Path));

    private static void Write(TrainingLog log, int from, int to, int lastStep = SampleRun.StepsPerEpoch, string? resumedFrom = null) =>
        SampleRun.Tell(log, from, to, lastStep, resumedFrom: resumedFrom);

    private static string KindOf(string line) => line.Split('"') is ["{", "kind", ":", var kind, ..] ? kind : line;
}
