using System.CommandLine;
using PolaFormer.Analysis.Report;
using PolaFormer.Files;
using PolaFormer.LongRange;
using PolaFormer.Measurement;
using PolaFormer.Tensors.Threading;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Cli;

/// <summary><c>train --cfg FILE --data PATH</c>: trains a network by a recipe.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var recipe = new Option<string>("--cfg") { HelpName = "FILE", Description = "Recipe: a YAML file with the authors' keys; see configs/.", Required = true };
        var data = new Option<string?>("--data") { HelpName = "DIR", Description = "Folder or .tar.gz with train/ and val/ or test/ (DATA.DATA_PATH)." };
        var output = new Option<string?>("--output") { HelpName = "DIR", Description = "Folder of logs and checkpoints (OUTPUT); a run found there is continued." };
        // The key declares the range.
        var epochs = new Option<int?>("--epochs") { HelpName = "N", Description = "Epochs (TRAIN.EPOCHS).", CustomParser = Numbers.OneOrNone(int.MinValue, int.MaxValue) };
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
        var throughput = new Option<bool>("--throughput") { Description = "Measure images/s of inference on batches of DATA.BATCH_SIZE instead of training (THROUGHPUT_MODE)." };
        var command = new Command("train", "Train a network.") { recipe, data, output, epochs, resume, pretrained, attention, onNan, detectAnomaly, device, threads, json, throughput, options };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            TrainingConfig config = ConfigurationReader.Read(parsed.GetValue(recipe)!, parsed.GetValue(options));
            config.Data.DataPath = parsed.GetValue(data) ?? config.Data.DataPath;
            config.Train.Epochs = parsed.GetValue(epochs) ?? config.Train.Epochs;
            config.Model.Resume = parsed.GetValue(resume) ?? config.Model.Resume;
            config.Model.Pretrained = parsed.GetValue(pretrained) ?? config.Model.Pretrained;
            if (CommonOptions.NamesOf(parsed.GetValue(attention)) is { Length: > 0 } names)
                config.Model.Attention = names;
            config.Train.DetectAnomaly |= parsed.GetValue(detectAnomaly);
            config.Train.OnNan = parsed.GetValue(onNan) ?? config.Train.OnNan;
            config.Device = parsed.GetValue(device) ?? config.Device;
            config.ThroughputMode |= parsed.GetValue(throughput);
            if (parsed.GetValue(output) is { } folder)
                config.Output = folder;
            else if (config.Output.Length == 0)
                config.Output = Path.Combine("output", config.Model.Name, config.Tag);
            RequireRecipeKept(parsed.GetValue(recipe)!, config.Output);
            using IDisposable use = CommonOptions.UseDevice(config.Device, isMixed: config.AmpType == "bfloat16");
            return Run(config, parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(TrainingConfig config, bool asJson)
    {
        if (config.Data.DataPath.Length == 0)
            throw new ConfigurationException("No data: give --data, or DATA.DATA_PATH in the recipe.");
        bool isArena = ArenaTrainer.IsWanted(config);
        if (config.ThroughputMode && isArena)
            throw new ConfigurationException("THROUGHPUT_MODE measures networks of images; DATA.DATASET names a task of Long Range Arena.");
        if (config.ThroughputMode)
        {
            Print(ThroughputMeasurement.Of(config), asJson);
            return 0;
        }

        using var stop = new StopSignals();
        Trainer trainer = isArena ? ArenaTrainer.Create(config, config.Output) : ConfiguredTrainer.Create(config, config.Output);
        if (config.EvalMode)
            return Evaluate(trainer, asJson, stop.Token);
        if (!asJson)
            Terminal.WriteLine((config.Model.Type, "bold"), ($"  {trainer.Model.ParameterCount / 1e6:F2} M parameters, {trainer.Task.Classes.Count} classes, {Workers.ThreadCount} threads → {PlainText.Of(config.Output)}", null));
        if (!asJson && trainer.Task is ClassificationTask { Pretrained: { } report })
            Console.WriteLine($"Started from {PlainText.Of(config.Model.Pretrained)}: {report.Loaded.Count} entries loaded, {report.Interpolated.Count} interpolated, {report.Reset.Count} reset, {report.Missing.Count} missing, {report.Unexpected.Count} unexpected, {report.PassedOver.Count} passed over");
        return TrainingRun.Run(trainer, config.Output, asJson, config.PrintFreq, stop.Token);
    }

    // The run writes its resolved configuration, which must not replace a recipe that somebody wrote; one that a run wrote may be.
    private static void RequireRecipeKept(string recipe, string folder)
    {
        bool isReplaced = OutputFile.IsInput(Path.Combine(folder, "config.yaml"), recipe);
        if (isReplaced && File.ReadAllText(recipe) != ConfigurationWriter.Write(ConfigurationReader.Read(recipe)))
            throw new ConfigurationException($"{recipe}: the run would write its own configuration over it. Give the recipe another name, or choose another output folder.");
    }

    private static int Evaluate(Trainer trainer, bool asJson, CancellationToken stop)
    {
        if (trainer.Evaluate(warning => Console.Error.WriteLine($"warning: {warning}"), stop) is not { } evaluation)
            return 130;
        if (!asJson)
            Console.WriteLine($"{evaluation.Weights}:");
        if (trainer.Task is ClassificationTask task)
            EvalCommand.Print(evaluation.Result, task.Data.Evaluation.BadImages.Count, asJson);
        else
            Print(evaluation.Result, asJson);
        return 0;
    }

    private static void Print(Evaluation result, bool asJson)
    {
        if (asJson)
            Json.Print(new { rows = result.Count, accuracy = result.First.Value, loss = result.Loss, rows_per_second = result.ExamplesPerSecond });
        else
            Console.WriteLine(FormattableString.Invariant($"{result.Count} rows: {result.First.Definition.Label} {result.First.ToText()}, loss {result.Loss:F4}; {result.ExamplesPerSecond:F0} rows/s"));
    }

    private static void Print(ThroughputMeasurement measured, bool asJson)
    {
        if (asJson)
            Json.Print(new { model = measured.Model, batch = measured.BatchSize, batches = measured.Batches, images_per_second = measured.ImagesPerSecond });
        else
            Console.WriteLine(FormattableString.Invariant($"{measured.Model}: batch size {measured.BatchSize}, throughput {measured.ImagesPerSecond:F1} images/s over {measured.Batches} batches"));
    }
}
