using System.CommandLine;
using PolaFormer.Checkpoints;
using PolaFormer.Cli.Bench;
using PolaFormer.Models;

namespace PolaFormer.Cli;

/// <summary><c>bench --model NAME</c>: time and memory of a whole model against the matrix-product peak of the same run.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model") { HelpName = "NAME", Description = "Registered architecture.", Required = true };
        var batch = new Option<int>("--batch") { HelpName = "B", Description = "Images at a time.", DefaultValueFactory = _ => 1 };
        var checkpoint = new Option<string?>("--checkpoint") { HelpName = "FILE", Description = "Weights to measure with." };
        var random = new Option<bool>("--random-weights") { Description = "Measure with freshly drawn weights (the default without --checkpoint)." };
        var seconds = new Option<double>("--seconds") { HelpName = "S", Description = "How long to measure.", DefaultValueFactory = _ => 5 };
        var profile = new Option<bool>("--profile") { Description = "Show where the time goes, by operator and by layer." };
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("bench", "Measure a model: median time, images/s, memory, share of the matrix-product peak.") { model, batch, checkpoint, random, seconds, profile, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            if (parsed.GetValue(batch) < 1)
                throw new ArgumentException("--batch takes a positive number.");
            ModelEntry entry = ModelRegistry.Find(parsed.GetValue(model)!);
            TimeSpan duration = TimeSpan.FromSeconds(parsed.GetValue(seconds));
            IBenchResult result = InferenceResult.Measure(entry, () => Load(entry, parsed.GetValue(checkpoint)), parsed.GetValue(batch), duration, parsed.GetValue(profile));
            if (parsed.GetValue(json))
                CommonOptions.PrintJson(result.ToJson());
            else
                result.Print();
        });
        return command;
    }

    private static VisionModel Load(ModelEntry entry, string? checkpointPath)
    {
        VisionModel model = entry.Create();
        if (checkpointPath is null)
        {
            model.Initialize(0);
        }
        else
        {
            using Checkpoint checkpoint = Checkpoint.Open(checkpointPath);
            ModelLoader.LoadStrict(model, checkpoint);
        }

        return model;
    }
}
