using System.Diagnostics;
using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;
using PolaFormer.Training.Tests.Reporting;

namespace PolaFormer.Training.Tests;

public sealed class AuthorsCheckpointTests : IDisposable
{
    private static readonly CosineSchedule s_schedule = new(1e-3, 1e-6, 1e-5, WarmupSteps: 10, TotalSteps: 100);

    private readonly TemporaryFolder _folder = new();
    private readonly TrainingConfig _config = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EverySectionOfTheAuthorsIsThere()
    {
        using Checkpoint checkpoint = Write("polaformer_pp_cifar", averages: true);
        Assert.Equal(["optimizer", "lr_scheduler", "max_accuracy", "epoch", "config", "max_accuracy_e"], checkpoint.Metadata.Keys);
        // The last whole epoch from 0, accuracies in percent.
        Assert.Equal((2L, 25.0, 30.0), (Convert.ToInt64(checkpoint.Metadata["epoch"], null), checkpoint.Metadata["max_accuracy"], checkpoint.Metadata["max_accuracy_e"]));
    }

    [Fact]
    public void ARunWithoutAveragedWeightsHasNoSectionsOfThem()
    {
        using Checkpoint checkpoint = Write("polaformer_pp_cifar", averages: false);
        Assert.DoesNotContain("max_accuracy_e", checkpoint.Metadata.Keys);
        Assert.Equal(["model"], checkpoint.Sections);
    }

    [Fact]
    public void TheModelIsRecognisedAndLoads()
    {
        using Checkpoint checkpoint = Write("polaformer_pp_cifar", averages: true);
        Assert.True(ModelRecognition.Recognize(checkpoint) is { Entry.Name: "polaformer_pp_cifar" });
    }

    [Theory]
    [InlineData("polaformer_pp_b0", true)]
    [InlineData("pola_swin_tiny", false)]
    [InlineData("pola_pvt_tiny", false)]
    public async Task PyTorchResumesFromIt(string model, bool averages)
    {
        Assert.SkipUnless(Directory.Exists("/usr/lib/python3/dist-packages/torch"), "There is no PyTorch: apt-get install python3-torch");
        Write(model, averages).Dispose();
        string script = Path.Combine(SharedData.Repository, "tests", "interop", "pytorch", "load_checkpoint.py");
        var start = new ProcessStartInfo("/usr/bin/python3", [script, model, _folder["run.pth"], _folder["run.safetensors"]]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process python = Process.Start(start)!;
        Task<string> output = python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), error = python.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await python.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(python.ExitCode == 0, await error);
        TestContext.Current.SendDiagnosticMessage(await output);
    }

    // Writes run.pth, and the same state for comparison to run.safetensors; moments are made up.
    private Checkpoint Write(string name, bool averages)
    {
        ModelEntry entry = ModelRegistry.Find(name);
        VisionModel model = entry.Create(), average = entry.Create();
        model.Initialize(1);
        average.Initialize(2);
        var optimizer = new AdamW(ParameterGroup.Split(model, _config.Train.WeightDecay)) { StepCount = 25 };
        var random = new Random(3);
        foreach ((_, Tensor moment) in optimizer.StateDict())
        {
            foreach (ref float value in moment.AsSpan<float>())
                value = random.NextSingle();
        }

        new AuthorsCheckpoint(_config, model) { Optimizer = optimizer, Schedule = s_schedule, Average = averages ? average : null }
            .Write(_folder["run.pth"], new TrainingPosition(Epoch: 3, Step: 1, StepsPerEpoch: 8, Best: 0.25, BestEma: 0.3));
        IEnumerable<(string Name, Tensor Tensor)> all = Named("model", model.StateDict()).Concat(Named("ema", average.StateDict())).Concat(Named("optimizer", optimizer.StateDict()));
        SafetensorsWriter.Write(_folder["run.safetensors"], all.Select(tensor => TrainingCheckpoint.Stored(tensor.Name, tensor.Tensor)));
        return Checkpoint.Open(_folder["run.pth"]);
    }

    private static IEnumerable<(string Name, Tensor Tensor)> Named(string prefix, IEnumerable<(string Name, Tensor Tensor)> tensors) =>
        tensors.Select(entry => ($"{prefix}.{entry.Name}", entry.Tensor));
}
