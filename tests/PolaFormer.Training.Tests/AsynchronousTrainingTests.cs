using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests;

/// <summary>Training on a device that computes while the program goes on.</summary>
[Collection(nameof(RunsAlone))]
public sealed class AsynchronousTrainingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;
    private readonly LateDevice _device = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ARunHasTheBitsOfTheProcessor()
    {
        Trainer("late", new SequenceTask(_device)).Run();
        Trainer("now", new SequenceTask()).Run();
        Assert.Equal(State("now"), State("late"));
    }

    [Fact]
    public void LossesAreReadForTheLogAlone()
    {
        Trainer trainer = Trainer("a", new SequenceTask(_device), printEvery: 4);
        var reads = new List<int>();
        trainer.Run(new Watch { OnStep = _ => reads.Add(_device.Reads) });

        // Steps 4 and 8 of the first epoch: losses, metrics and norms.
        Assert.Equal(3, reads[1] - reads[0]);
    }

    [Fact]
    public void ANaNLossStopsTheRunBeforeAnythingIsSaved()
    {
        var error = Assert.Throws<TrainingException>(() => Trainer("a", new SequenceTask(_device) { NaNAt = 10 }).Run());
        Assert.Contains("The loss is NaN in epoch 2, step 3", error.Message);
        Trainer("b", new SequenceTask(), epochs: 1).Run();
        Assert.Equal(State("b"), State("a"));
    }

    [Fact]
    public void ANaNLossIsRolledBack()
    {
        var course = new Watch();
        Assert.True(Trainer("a", new SequenceTask(_device) { NaNAt = 10 }, policy: NonFinitePolicy.Rollback).Run(course));
        Assert.Contains("epoch 2, step 3: back to epoch 2, step 0", Assert.Single(course.Warnings));
    }

    [Fact]
    public void SkippedStepsChangeNothing()
    {
        Trainer("late", new SequenceTask(_device) { NaNAt = 10 }, policy: NonFinitePolicy.Skip).Run();
        Trainer("now", new SequenceTask { NaNAt = 10 }, policy: NonFinitePolicy.Skip).Run();
        Assert.Equal(State("now"), State("late"));
    }

    private Trainer Trainer(string name, SequenceTask task, int epochs = 2, int printEvery = 100, NonFinitePolicy policy = NonFinitePolicy.Stop) => new(task, new TrainerOptions
    {
        Epochs = epochs,
        Optimizer = new AdamW(ParameterGroup.Split(task.Model, weightDecay: 0.01)),
        Schedule = new CosineSchedule(0.01, 0, 1e-4, WarmupSteps: 2, TotalSteps: 16),
        ClipGradient = 1,
        EmaDecay = 0.9,
        OnNonFinite = policy,
        PrintEvery = printEvery,
    }, Path.Combine(_folder, name));

    private byte[] State(string name) => File.ReadAllBytes(Path.Combine(_folder, name, "resume.safetensors"));

    /// <summary>Hears of the steps that others want.</summary>
    private sealed class Watch : ITrainingObserver
    {
        public Action<TrainingProgress>? OnStep { get; init; }

        public List<string> Warnings { get; } = [];

        public bool WantsStep(int step) => false;

        public void StepDone(TrainingProgress progress) => OnStep?.Invoke(progress);

        public void Warned(string message) => Warnings.Add(message);
    }
}
