using System.CommandLine;
using PolaFormer.Checkpoints;
using PolaFormer.Measurement;
using PolaFormer.Models;

namespace PolaFormer.Cli.Bench;

/// <summary><c>bench inference</c> and <c>bench training</c>: time and memory of a network.</summary>
internal static class NetworkBench
{
    private const int MostImages = 1 << 20, SecondsOfADay = 86400;

    public static Command Create(bool isTraining)
    {
        int usual = isTraining ? 8 : 1;
        var model = new Option<string>("--model") { HelpName = "NAME", Description = "Registered architecture.", Required = true };
        Option<string?> attention = CommonOptions.Attention();
        var batch = new Option<int>("--batch") { HelpName = "B", Description = "Images at a time.", DefaultValueFactory = _ => usual, CustomParser = Numbers.One(1, MostImages) };
        var checkpoint = new Option<string?>("--checkpoint") { HelpName = "FILE", Description = "Weights to measure with; freshly drawn ones by default." };
        var random = new Option<bool>("--random-weights") { Hidden = true };
        var recompute = new Option<bool>("--recompute") { Description = "Keep the blocks' inputs alone: TRAIN.USE_CHECKPOINT." };
        var profile = new Option<bool>("--profile") { Description = "Show where the time goes, by operator and by layer." };
        var seconds = new Option<double>("--seconds") { HelpName = "S", Description = "How long to measure.", DefaultValueFactory = _ => 5, CustomParser = Numbers.One(0.0, SecondsOfADay) };
        Option<string?> earlier = BenchResults.Earlier();
        Option<string?> device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        Command command = isTraining
            ? new Command("training", "Measure a training step: forward, backward, AdamW.") { model, attention, batch, checkpoint, random, recompute, profile, seconds, earlier, device, threads, json }
            : new Command("inference", "Measure a network: median time, images/s, memory, share of the matrix-product peak.") { model, attention, batch, checkpoint, random, profile, seconds, earlier, device, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            using IDisposable use = CommonOptions.UseDevice(parsed.GetValue(device));
            EarlierResult? before = BenchResults.Read(parsed.GetValue(earlier));
            ModelEntry entry = ModelRegistry.Find(parsed.GetValue(model)!).WithAttention(CommonOptions.NamesOf(parsed.GetValue(attention)));
            TimeSpan duration = TimeSpan.FromSeconds(parsed.GetValue(seconds));
            VisionModel LoadModel() => Load(entry, parsed.GetValue(checkpoint), isTraining && parsed.GetValue(recompute));
            SpeedResult result = isTraining
                ? TrainingResult.Measure(entry, LoadModel, parsed.GetValue(batch), duration, parsed.GetValue(profile))
                : InferenceResult.Measure(entry, LoadModel, parsed.GetValue(batch), duration, parsed.GetValue(profile));
            BenchResults.Print(new SpeedOutput(result), before, parsed.GetValue(json));
        });
        return command;
    }

    private static VisionModel Load(ModelEntry entry, string? checkpointPath, bool recompute)
    {
        VisionModel model = entry.Create();
        model.UseCheckpoint = recompute;
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
