using System.CommandLine;
using PolaFormer.Analysis.Report;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Training;
using PolaFormer.Tensors.Random;
using PolaFormer.Tensors.Threading;
using PolaFormer.Training;

namespace PolaFormer.Cli;

/// <summary><c>train-detector --model NAME --data DIR</c>: trains a detector on images with boxes or masks.</summary>
internal static class DetectTrainCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model") { HelpName = "NAME", Description = $"The network: {string.Join(", ", DetectorRegistry.All.Select(entry => entry.Name))}.", DefaultValueFactory = _ => "retinanet_b2_1x" };
        var data = new Option<string>("--data") { HelpName = "DIR", Description = "Folder in COCO's form (train2017/, val2017/, annotations/instances_*.json), YOLO's (images/, labels/, classes.txt) or Pascal VOC's (JPEGImages/, Annotations/).", Required = true };
        var output = new Option<string>("--output") { HelpName = "DIR", Description = "Folder of logs and checkpoints; a run found there is continued.", Required = true };
        var pretrained = new Option<string?>("--pretrained") { HelpName = "FILE", Description = "Checkpoint to start from: of a detector, or of a classifier with the backbone." };
        var epochs = new Option<int?>("--epochs") { HelpName = "N", Description = "Epochs of the run; the published network's by default. The learning rate falls at the same parts of it.", CustomParser = Numbers.OneOrNone(1, int.MaxValue) };
        var batch = new Option<int>("--batch") { HelpName = "N", Description = "Images of a batch.", DefaultValueFactory = _ => 2, CustomParser = Numbers.One(1, 4096) };
        var size = new Option<int>("--size") { HelpName = "PIXELS", Description = "Shorter side of the images; the longer one is at most 5/3 of it.", DefaultValueFactory = _ => 800, CustomParser = Numbers.One(32, 8192) };
        var rate = new Option<double?>("--lr") { HelpName = "RATE", Description = "Learning rate; by default the published one, which is of 16 images a step, in proportion to the batch." };
        var holdOut = new Option<double>("--hold-out") { HelpName = "SHARE", Description = "Share of the images that is held out for evaluation where no other are given.", DefaultValueFactory = _ => 0.1 };
        var seed = new Option<int>("--seed") { HelpName = "N", Description = "Weights, order and draws follow from it.", DefaultValueFactory = _ => 0, CustomParser = Numbers.One(0, int.MaxValue) };
        Option<int?> threads = CommonOptions.Threads();
        var json = new Option<bool>("--json") { Description = "Print the run's log, one JSON object a line, instead of text." };
        var command = new Command("train-detector", "Train a detector on images with boxes or masks.") { model, data, output, pretrained, epochs, batch, size, rate, holdOut, seed, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            DetectorEntry entry = DetectorRegistry.Find(parsed.GetValue(model)!);
            ulong start = (ulong)parsed.GetValue(seed);
            (DetectionFolder train, DetectionFolder evaluation, IReadOnlyList<string> leftOut) = Open(parsed.GetValue(data)!, parsed.GetValue(holdOut), start);
            int side = parsed.GetValue(size), images = parsed.GetValue(batch);
            DetectionRecipe recipe = Fitted(entry.Recipe ?? new DetectionRecipe(), parsed.GetValue(epochs), parsed.GetValue(rate), images);
            var task = new DetectionTask(new DetectionTaskOptions
            {
                Name = entry.Name,
                Config = entry.Config.WithClasses(train.Annotations.Categories.Count),
                Train = train,
                Evaluation = evaluation,
                Pipeline = recipe.IsMultiScale && side == 800 ? DetectionPipeline.MultiScale : new DetectionPipeline([new ResizeStep([(side * 5 / 3, side)]), new FlipStep()]),
                Scale = (side * 5 / 3, side),
                BatchSize = images,
                Seed = start,
                Pretrained = parsed.GetValue(pretrained),
            });
            recipe = recipe with { WarmupSteps = Math.Min(recipe.WarmupSteps, recipe.Epochs * task.BatchesPerEpoch / 10) };
            return Run(task, recipe.ToOptions(task, start), parsed.GetValue(output)!, parsed.GetValue(json), train.Images.Count, evaluation.Images.Count, leftOut);
        });
        return command;
    }

    // Steps of the learning rate at the same parts of a shorter or longer run.
    private static DetectionRecipe Fitted(DetectionRecipe recipe, int? epochs, double? rate, int images)
    {
        int count = epochs ?? recipe.Epochs;
        return recipe with
        {
            Epochs = count,
            RateEpochs = [.. recipe.RateEpochs.Select(epoch => (int)Math.Ceiling((double)epoch * count / recipe.Epochs))],
            BaseRate = rate ?? recipe.BaseRate * images / 16,
        };
    }

    private static int Run(DetectionTask task, TrainerOptions options, string folder, bool asJson, int images, int evaluated, IReadOnlyList<string> leftOut)
    {
        using var stop = new StopSignals();
        if (!asJson)
            Terminal.WriteLine((task.Name, "bold"), ($"  {task.Network.ParameterCount / 1e6:F2} M parameters, {task.Classes.Count} classes, {images} images, {evaluated} for evaluation, {Workers.ThreadCount} threads → {PlainText.Of(folder)}", null));
        foreach (string reason in leftOut)
            Console.Error.WriteLine($"polaformer: left out: {PlainText.Of(reason)}");
        if (!asJson && task.Pretrained is { } report)
            Console.WriteLine($"Started from weights: {report.Loaded.Count} entries loaded, {report.Interpolated.Count} interpolated, {report.Mismatched.Count} of another shape, {report.Missing.Count} missing, {report.Unexpected.Count} unexpected");
        return TrainingRun.Run(new Trainer(task, options, folder), folder, asJson, options.PrintEvery, stop.Token, display => new DetectionPages(display, task, folder));
    }

    private static (DetectionFolder Train, DetectionFolder Evaluation, IReadOnlyList<string> LeftOut) Open(string root, double holdOut, ulong seed)
    {
        if (holdOut is not (> 0 and < 1))
            throw new ArgumentException($"--hold-out is {holdOut}, and must lie between 0 and 1.");
        string annotations = Path.Combine(root, "annotations");
        if (Directory.Exists(annotations))
        {
            (DetectionFolder train, IReadOnlyList<string> trainLeft) = DetectionFolder.OfCoco(Path.Combine(root, "train2017"), Path.Combine(annotations, "instances_train2017.json"));
            (DetectionFolder evaluation, IReadOnlyList<string> evaluationLeft) = DetectionFolder.OfCoco(Path.Combine(root, "val2017"), Path.Combine(annotations, "instances_val2017.json"));
            return (train, evaluation, [.. trainLeft, .. evaluationLeft]);
        }

        DetectionFolder all = Directory.Exists(Path.Combine(root, "labels")) ? LabelFolder.OfYolo(root)
            : Directory.Exists(Path.Combine(root, "Annotations")) ? LabelFolder.OfVoc(root)
            : throw new ArgumentException($"--data: {root} holds neither annotations/ (COCO) nor labels/ (YOLO) nor Annotations/ (Pascal VOC).");
        var random = new Philox(seed, 0);
        CocoImage[] order = [.. all.Images.Select((image, i) => (image, Key: random.UInt32((ulong)i))).OrderBy(entry => entry.Key).Select(entry => entry.image)];
        int held = Math.Clamp((int)Math.Round(order.Length * holdOut), 1, Math.Max(1, order.Length - 1));
        return order.Length == 1 ? (all, all, []) : (all.With(order[held..]), all.With(order[..held]), []);
    }
}
