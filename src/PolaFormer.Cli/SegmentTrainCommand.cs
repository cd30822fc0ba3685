using System.CommandLine;
using PolaFormer.Analysis.Report;
using PolaFormer.Files;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Segmentation.Training;
using PolaFormer.Tensors.Threading;
using PolaFormer.Training;

namespace PolaFormer.Cli;

/// <summary><c>train-segmenter --model NAME --data DIR</c>: trains a segmentation network on images and masks.</summary>
internal static class SegmentTrainCommand
{
    private const long MaxLabelBytes = 64 << 20;

    public static Command Create()
    {
        var model = new Option<string>("--model") { HelpName = "NAME", Description = $"The network: {string.Join(", ", SegmentationModels.All.Select(entry => entry.Name))}.", DefaultValueFactory = _ => "polapp_b1_ham" };
        var data = new Option<string>("--data") { HelpName = "DIR", Description = "Folder with images/ and annotations/, in each training/ and validation/ or all files; masks are PNG whose values are classes.", Required = true };
        var classes = new Option<string?>("--classes") { HelpName = "FILE", Description = "The classes, a line each: 'red green blue name', or a name; ADE20K's 150 by default." };
        var colors = new Option<bool>("--color-masks") { Description = "Masks have the colours of --classes instead of values." };
        var reduceZero = new Option<bool>("--reduce-zero-label") { Description = "Value 0 of a mask counts nowhere and classes count from 1; so by default for ADE20K's classes." };
        var output = new Option<string>("--output") { HelpName = "DIR", Description = "Folder of logs and checkpoints; a run found there is continued.", Required = true };
        var pretrained = new Option<string?>("--pretrained") { HelpName = "FILE", Description = "Checkpoint to start from: of a segmentation network, or of a classifier with the backbone." };
        var iterations = new Option<int?>("--iterations") { HelpName = "N", Description = "Iterations of the run; the published network's by default.", CustomParser = Numbers.OneOrNone(1, int.MaxValue) };
        var interval = new Option<int?>("--interval") { HelpName = "N", Description = "Iterations between evaluations; must divide --iterations.", CustomParser = Numbers.OneOrNone(1, int.MaxValue) };
        var batch = new Option<int?>("--batch") { HelpName = "N", Description = "Images of a batch.", CustomParser = Numbers.OneOrNone(1, 4096) };
        var crop = new Option<int>("--crop") { HelpName = "PIXELS", Description = "Side of training examples.", DefaultValueFactory = _ => 512, CustomParser = Numbers.One(32, 8192) };
        var rate = new Option<double?>("--lr") { HelpName = "RATE", Description = "Learning rate; the published network's by default." };
        var holdOut = new Option<double>("--hold-out") { HelpName = "SHARE", Description = "Share of the images that is held out for evaluation where there is no validation folder.", DefaultValueFactory = _ => 0.1 };
        var seed = new Option<int>("--seed") { HelpName = "N", Description = "Weights, order and draws follow from it.", DefaultValueFactory = _ => 0, CustomParser = Numbers.One(0, int.MaxValue) };
        Option<int?> threads = CommonOptions.Threads();
        var json = new Option<bool>("--json") { Description = "Print the run's log, one JSON object a line, instead of text." };
        var command = new Command("train-segmenter", "Train a segmentation network on images and masks.") { model, data, classes, colors, reduceZero, output, pretrained, iterations, interval, batch, crop, rate, holdOut, seed, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            ClassNames names = parsed.GetValue(classes) is { } file ? ReadClasses(file) : ClassNames.Ade20K;
            SegmentationModelEntry entry = SegmentationModels.Find(parsed.GetValue(model)!);
            SegmentationRecipe recipe = entry.Recipe;
            int size = parsed.GetValue(crop), steps = parsed.GetValue(iterations) ?? recipe.Iterations;
            var masks = new MaskFolderOptions
            {
                ReduceZeroLabel = parsed.GetValue(reduceZero) || ReferenceEquals(names, ClassNames.Ade20K),
                Colors = parsed.GetValue(colors) ? names : null,
                Classes = names.Names.Count,
            };
            ulong start = (ulong)parsed.GetValue(seed);
            (ISegmentationDataset train, ISegmentationDataset evaluation) = Open(parsed.GetValue(data)!, masks, parsed.GetValue(holdOut), start);
            var task = new SegmentationTask(new SegmentationTaskOptions
            {
                Name = entry.Name,
                Config = entry.Config.WithClasses(names.Names.Count),
                Classes = names,
                Train = train,
                Evaluation = evaluation,
                Pipeline = new TrainingPipeline { Scale = (4 * size, size), CropHeight = size, CropWidth = size },
                TestPipeline = new TestPipeline { Scale = (4 * size, size) },
                BatchSize = parsed.GetValue(batch) ?? recipe.BatchSize,
                Interval = Math.Min(parsed.GetValue(interval) ?? recipe.Interval, steps),
                Seed = start,
                Pretrained = parsed.GetValue(pretrained),
            });
            recipe = recipe with { Iterations = steps, LearningRate = parsed.GetValue(rate) ?? recipe.LearningRate, WarmupIterations = Math.Min(recipe.WarmupIterations, steps / 10) };
            return Run(task, recipe.ToOptions(task, start), parsed.GetValue(output)!, parsed.GetValue(json), train.Count, evaluation.Count);
        });
        return command;
    }

    private static int Run(SegmentationTask task, TrainerOptions options, string folder, bool asJson, int images, int evaluated)
    {
        using var stop = new StopSignals();
        if (!asJson)
            Terminal.WriteLine((task.Name, "bold"), ($"  {task.Network.ParameterCount / 1e6:F2} M parameters, {task.Classes.Count} classes, {images} images, {evaluated} for evaluation, {Workers.ThreadCount} threads → {PlainText.Of(folder)}", null));
        if (!asJson && task.Pretrained is { } report)
            Console.WriteLine($"Started from weights: {report.Loaded.Count} entries loaded, {report.Interpolated.Count} interpolated, {report.Mismatched.Count} of another shape, {report.Missing.Count} missing, {report.Unexpected.Count} unexpected");
        return TrainingRun.Run(new Trainer(task, options, folder), folder, asJson, options.PrintEvery, stop.Token, display => new SegmentationPages(display, task, folder));
    }

    private static (ISegmentationDataset Train, ISegmentationDataset Evaluation) Open(string root, MaskFolderOptions options, double holdOut, ulong seed)
    {
        if (holdOut is not (> 0 and < 1))
            throw new ArgumentException($"--hold-out is {holdOut}, and must lie between 0 and 1.");
        string images = Path.Combine(root, "images"), masks = Path.Combine(root, "annotations");
        if (Directory.Exists(Path.Combine(images, "training")))
        {
            return (
                MaskFolder.Open(Path.Combine(images, "training"), Path.Combine(masks, "training"), options),
                MaskFolder.Open(Path.Combine(images, "validation"), Path.Combine(masks, "validation"), options));
        }

        MaskFolder all = MaskFolder.Open(images, masks, options);
        return all.Count == 1 ? (all, all) : Split(all.Split(1 - holdOut, seed));

        static (ISegmentationDataset, ISegmentationDataset) Split((MaskFolder First, MaskFolder Second) parts) => (parts.First, parts.Second);
    }

    private static ClassNames ReadClasses(string file)
    {
        try
        {
            return ClassNames.Parse(string.Join('\n', InputFile.ReadAllLines(file, MaxLabelBytes)));
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            throw new FileException(file, error.Message);
        }
    }
}
