using System.CommandLine;
using System.Globalization;
using PolaFormer.Analysis.Report;
using PolaFormer.Cli.Bench;
using PolaFormer.Distributed;
using PolaFormer.Files;
using PolaFormer.Models;
using PolaFormer.Tensors.Threading;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Cli;

/// <summary><c>train --cfg FILE --data PATH</c>: trains a network by a recipe, which says the task.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var recipe = new Option<string?>("--cfg") { HelpName = "FILE", Description = "Recipe: a YAML file with the authors' keys; see configs/." };
        var model = new Option<string?>("--model") { HelpName = "NAME", Description = "Network (MODEL.TYPE); without --cfg a segmentation network or a detector, by its published recipe." };
        var data = new Option<string?>("--data") { HelpName = "DIR", Description = "Folder or .tar.gz with train/ and val/ or test/; with images/ and annotations/ for a segmentation network; in COCO's, YOLO's or Pascal VOC's form for a detector (DATA.DATA_PATH)." };
        var output = new Option<string?>("--output", "-o") { HelpName = "DIR", Description = "Folder of logs and checkpoints (OUTPUT); a run found there is continued." };
        // The key declares the range.
        var epochs = new Option<int?>("--epochs") { HelpName = "N", Description = "Epochs (TRAIN.EPOCHS).", CustomParser = Numbers.OneOrNone(int.MinValue, int.MaxValue) };
        var batch = new Option<int?>("--batch") { HelpName = "N", Description = "Images a step (DATA.BATCH_SIZE).", CustomParser = Numbers.OneOrNone(int.MinValue, int.MaxValue) };
        var rate = new Option<double?>("--lr") { HelpName = "RATE", Description = "Learning rate (TRAIN.BASE_LR)." };
        var seed = new Option<int?>("--seed") { HelpName = "N", Description = "Everything random follows from it (SEED).", CustomParser = Numbers.OneOrNone(0, int.MaxValue) };
        var holdOut = new Option<double?>("--val-split") { HelpName = "SHARE", Description = "Share of the images to evaluate on, where the data are not divided (DATA.HOLD_OUT)." };
        var findRate = new Option<bool>("--find-lr") { Description = "Look for a learning rate instead of training: the loss over rising rates, as text, CSV and SVG." };
        var resume = new Option<string?>("--resume") { HelpName = "FILE", Description = "State of a run to continue from: its resume.safetensors (MODEL.RESUME)." };
        var pretrained = new Option<string?>("--pretrained") { HelpName = "FILE", Description = "Checkpoint to start a new run from, of any resolution and number of classes (MODEL.PRETRAINED)." };
        var onNan = new Option<string?>("--on-nan") { Description = "What a loss or gradient that is not finite does: stop the run, skip the step, or roll back to the saved state and pass the batch over (TRAIN.ON_NAN)." };
        onNan.AcceptOnlyFromAmong("stop", "skip", "rollback");
        var detectAnomaly = new Option<bool>("--detect-anomaly") { Description = "Name the first operator whose result or gradient is not finite; slower (TRAIN.DETECT_ANOMALY)." };
        var options = new Option<string[]>("--opts") { HelpName = "KEY VALUE", Description = "Other keys and values in turn: TRAIN.BASE_LR 1e-3 SEED 1.", AllowMultipleArgumentsPerToken = true, Arity = ArgumentArity.ZeroOrMore };
        Option<string?> attention = CommonOptions.Attention();
        Option<string?> device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        var json = new Option<bool>("--json") { Description = "Print the run's log, one JSON object a line, instead of text." };
        var throughput = new Option<bool>("--throughput") { Hidden = true };
        var command = new Command("train", "Train a network.") { recipe, model, data, output, epochs, batch, rate, seed, holdOut, findRate, resume, pretrained, attention, onNan, detectAnomaly, device, threads, json, throughput, options };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            string? file = parsed.GetValue(recipe), name = parsed.GetValue(model);
            if (file is null && name is null)
                FolderTraining.RequireFolder(parsed.GetValue(data));
            string[] given =
            [
                .. name is null ? Array.Empty<string>() : ["MODEL.TYPE", name, "MODEL.NAME", name],
                .. parsed.GetValue(options)!,
                .. parsed.GetValue(seed) is { } number ? ["SEED", $"{number}"] : Array.Empty<string>(),
                .. parsed.GetValue(holdOut) is { } share ? ["DATA.HOLD_OUT", share.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
            ];
            bool isForFolder = file is null && Directory.Exists(parsed.GetValue(data)) && (name is null || ModelRegistry.All.Any(entry => entry.Name == name));
            string[] keys = isForFolder ? [.. FolderTraining.KeysFor(parsed.GetValue(data)!, name, parsed.GetValue(pretrained), given, parsed.GetValue(json)), .. given] : given;
            TrainingConfig config = ConfigurationReader.Read(file, keys, NetworkTasks.Publish);
            config.Data.DataPath = parsed.GetValue(data) ?? config.Data.DataPath;
            config.Train.Epochs = parsed.GetValue(epochs) ?? config.Train.Epochs;
            config.Data.BatchSize = parsed.GetValue(batch) ?? config.Data.BatchSize;
            config.Train.BaseLr = parsed.GetValue(rate) ?? config.Train.BaseLr;
            config.Model.Resume = parsed.GetValue(resume) ?? config.Model.Resume;
            config.Model.Pretrained = parsed.GetValue(pretrained) ?? config.Model.Pretrained;
            if (CommonOptions.NamesOf(parsed.GetValue(attention)) is { Length: > 0 } attentions)
                config.Model.Attention = attentions;
            config.Train.DetectAnomaly |= parsed.GetValue(detectAnomaly);
            config.Train.OnNan = parsed.GetValue(onNan) ?? config.Train.OnNan;
            config.Device = parsed.GetValue(device) ?? config.Device;
            config.ThroughputMode |= parsed.GetValue(throughput);
            if (parsed.GetValue(output) is { } folder)
                config.Output = folder;
            else if (config.Output.Length == 0)
                config.Output = Path.Combine("output", config.Model.Name, config.Tag);
            if (file is not null)
                RequireRecipeKept(file, config.Output);
            using IDisposable use = CommonOptions.UseDevice(config.Device, isMixed: config.AmpType == "bfloat16");
            if (isForFolder && parsed.GetValue(batch) is null && !given.Contains("DATA.BATCH_SIZE") && !given.Contains("TRAIN.ACCUMULATION_STEPS"))
                FolderTraining.FitBatch(config, parsed.GetValue(json));
            return parsed.GetValue(findRate) ? FindRate(config, parsed.GetValue(json)) : Run(config, parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(TrainingConfig config, bool asJson)
    {
        if (config.ThroughputMode)
        {
            ThroughputBench.Print(config, asJson);
            return 0;
        }

        if (config.Data.DataPath.Length == 0)
            throw new ConfigurationException("No data: give --data, or DATA.DATA_PATH in the recipe.");
        using var stop = new StopSignals();
        return MpiWorkers.Run(workers => Run(config, workers, asJson, stop.Token));
    }

    private static int Run(TrainingConfig config, WorkerGroup workers, bool asJson, CancellationToken stop)
    {
        Trainer trainer = NetworkTasks.TrainerOf(config, workers);
        if (config.EvalMode)
            return Evaluate(trainer, workers, asJson, stop);
        trainer.WaitsLong = line => Console.Error.WriteLine($"polaformer: {line}");
        if (!workers.IsFirst)
            return trainer.Run(stop: stop) ? 0 : 130;
        if (!asJson)
            Terminal.WriteLine((trainer.Task.Name, "bold"), ($"  {trainer.Model.ParameterCount / 1e6:F2} M parameters, {trainer.Task.Classes.Count} classes, {(workers.Size > 1 ? $"{workers.Size} workers of " : "")}{Workers.ThreadCount} threads → {PlainText.Of(config.Output)}", null));
        if (!asJson && trainer.Task.Pretrained is { } report)
            Console.WriteLine($"Started from {PlainText.Of(config.Model.Pretrained)}: {report.Loaded.Count} entries loaded, {report.Interpolated.Count} interpolated, {report.Reset.Count} reset, {report.Mismatched.Count} of another shape, {report.Missing.Count} missing, {report.Unexpected.Count} unexpected, {report.PassedOver.Count} passed over");
        int code = TrainingRun.Run(trainer, config.Output, asJson, config.PrintFreq, stop, NetworkTasks.PagesOf(trainer.Task, config.Output));
        if (workers.Size > 1 && !asJson)
            Console.WriteLine(FormattableString.Invariant($"{workers.Size} workers: messages of a step took {trainer.CommunicationTime.Exchange.TotalSeconds:F1} s, of which {trainer.CommunicationTime.Wait.TotalSeconds:F1} s were waited for."));
        return code;
    }

    private static int FindRate(TrainingConfig config, bool asJson)
    {
        if (NetworkTasks.Of(config) != NetworkTask.Classification)
            throw new ConfigurationException("--find-lr is for classifiers of images; the recipe is of another task.");
        using var stop = new StopSignals();
        var task = new ClassificationTask(config);
        var search = LearningRateSearch.Run(task, ConfiguredOptimization.Optimizer(config.Train, task.Network), stop: stop.Token);
        LearningRatePages.Write(search, config.Output, ConfiguredOptimization.RateScale(config), asJson);
        return 0;
    }

    // The run writes its resolved configuration, which must not replace a recipe that somebody wrote; one that a run wrote may be.
    private static void RequireRecipeKept(string recipe, string folder)
    {
        bool isReplaced = OutputFile.IsInput(Path.Combine(folder, "config.yaml"), recipe);
        if (isReplaced && File.ReadAllText(recipe) != ConfigurationWriter.Write(ConfigurationReader.Read(recipe)))
            throw new ConfigurationException($"{recipe}: the run would write its own configuration over it. Give the recipe another name, or choose another output folder.");
    }

    private static int Evaluate(Trainer trainer, WorkerGroup workers, bool asJson, CancellationToken stop)
    {
        if (trainer.Evaluate(warning => Console.Error.WriteLine($"warning: {warning}"), stop) is not { } evaluation)
            return 130;
        if (!workers.IsFirst)
            return 0;
        if (!asJson)
            Console.WriteLine($"{evaluation.Weights}:");
        EvalCommand.Print(evaluation.Result, trainer.Task.ExamplesName, asJson, trainer.Task is ClassificationTask task ? task.Data.EvaluationImages.Count - (int)evaluation.Result.Count : null);
        return 0;
    }
}
