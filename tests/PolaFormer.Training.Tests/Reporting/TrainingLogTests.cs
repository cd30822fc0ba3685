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
        Assert.Equal([5L, 10, 15, 20], log.Steps.Select(step => step.GlobalStep));
        Assert.Equal([1, 2], log.Epochs.Select(epoch => epoch.Epoch));
        Assert.Equal((1, "resume.safetensors"), (log.Run.EpochsDone, log.Run.ResumedFrom));
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
        Assert.Equal([5L, 10, 15, 20], RunLog.Read(Path).Steps.Select(step => step.GlobalStep));
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
        Assert.Equal(double.PositiveInfinity, Assert.Single(RunLog.Read(Path).Steps).GradientNorm);
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

    private static void Write(TrainingLog log, int from, int to, int lastStep = SampleRun.StepsPerEpoch, string? resumedFrom = null) =>
        SampleRun.Tell(log, from, to, lastStep, resumedFrom: resumedFrom);

    private static string KindOf(string line) => line.Split('"') is ["{", "kind", ":", var kind, ..] ? kind : line;
}
