using System.CommandLine;
using System.Security.Cryptography;
using PolaFormer.Analysis.Report;
using PolaFormer.Checkpoints;
using PolaFormer.Detection;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Training;
using PolaFormer.Distributed;
using PolaFormer.Files;
using PolaFormer.Pipelines;
using PolaFormer.Segmentation;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Training;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision;
using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Loading;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Cli;

/// <summary><c>eval --checkpoint FILE --data PATH</c>: what a checkpoint achieves on labelled images, pixels or objects; the network says the task.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var checkpoint = new Option<string?>("--checkpoint") { HelpName = "FILE", Description = "A .safetensors or .pth file; the shipped model by default." };
        var model = new Option<string?>("--model") { HelpName = "NAME", Description = "Registered architecture of the checkpoint; found out by default." };
        var data = new Option<string>("--data") { HelpName = "DIR", Description = "Folder or .tar.gz with val/ or test/; for a segmentation network or a detector as for 'train'.", Required = true };
        var split = new Option<string>("--split") { HelpName = "NAME", Description = "Which images of a classifier's data.", DefaultValueFactory = _ => "val" };
        var batch = new Option<int>("--batch") { HelpName = "B", Description = "Images at a time.", DefaultValueFactory = _ => 64, CustomParser = Numbers.One(1, 1 << 20) };
        var badImages = new Option<string>("--bad-images") { HelpName = "WHAT", Description = "fail ends at an image that cannot be decoded; skip names it and leaves it out.", DefaultValueFactory = _ => "fail" };
        badImages.AcceptOnlyFromAmong("fail", "skip");
        var options = new Option<string[]>("--opts") { HelpName = "KEY VALUE", Description = "Keys of a recipe that say how the data of a segmentation network or a detector are read: SEGMENTATION.COLOR_MASKS true DATA.HOLD_OUT 1.", AllowMultipleArgumentsPerToken = true, Arity = ArgumentArity.ZeroOrMore };
        Option<ImageViews> views = CommonOptions.Views();
        Option<bool> fastDecode = CommonOptions.FastDecode();
        Option<string?> device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        var html = new Option<string?>("--html") { HelpName = "FILE", Description = "Of a classifier: also write a page with classes, confusions, reliability and the worst mistakes." };
        var csv = new Option<string?>("--csv") { HelpName = "FILE", Description = "Of a classifier: also write the answer to each image as a table." };
        var lines = new Option<string?>("--ndjson") { HelpName = "FILE", Description = "Of a classifier: also write the answer to each image, a JSON object a line." };
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("eval", "Measure what a checkpoint achieves on labelled images, pixels or objects.") { checkpoint, model, data, split, batch, views, badImages, fastDecode, html, csv, lines, device, threads, json, options };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            using IDisposable use = CommonOptions.UseDevice(parsed.GetValue(device));
            CommonOptions.CheckOutputs([("--html", parsed.GetValue(html), ".html"), ("--csv", parsed.GetValue(csv), ".csv"), ("--ndjson", parsed.GetValue(lines), "")], parsed.GetValue(checkpoint));
            return MpiWorkers.Run(workers =>
            {
                Run(workers);
                return 0;
            });

            void Run(WorkerGroup workers)
            {
                bool asJson = parsed.GetValue(json);
                if (parsed.GetValue(checkpoint) is { } path && NetworkTasks.Of(path) is not NetworkTask.Classification and var task)
                {
                    if ((parsed.GetValue(html) ?? parsed.GetValue(csv) ?? parsed.GetValue(lines)) is not null)
                        throw new ArgumentException($"{path}: --html, --csv and --ndjson are for classifiers of images; training writes a page of other networks.");
                    TrainingConfig config = ConfigurationReader.Read(null, parsed.GetValue(options));
                    config.Data.DataPath = parsed.GetValue(data)!;
                    ConfigurationRules.Check(config);
                    Evaluation measured = EvaluateDense(path, task, parsed.GetValue(model), config, workers);
                    if (workers.IsFirst)
                        Print(measured, "images", asJson);
                    return;
                }

                IImageDataset images = ImageDatasets.Open(parsed.GetValue(data)!, parsed.GetValue(split));
                string weights = parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find();
                RequireSame(workers, weights, $"{images.Count} images of {string.Join(", ", images.Classes)}");
                (Evaluation result, ClassifierAnswers answers, images) = Evaluate(weights, parsed.GetValue(model), images, new DataLoaderOptions
                {
                    BatchSize = Math.Min(parsed.GetValue(batch), Math.Max(images.Count, 1)),
                    BadImages = parsed.GetValue(badImages) == "skip" ? BadImagePolicy.Skip : BadImagePolicy.Fail,
                    BadImageAdvice = ". Use --bad-images skip to leave such images out.",
                    Report = message => Console.Error.WriteLine($"polaformer: left out: {message}"),
                }, parsed.GetValue(views), parsed.GetValue(fastDecode), workers);
                if (result.Count == 0)
                    throw new ImageException($"{parsed.GetValue(data)}: none of the {images.Count} images could be decoded");
                if (double.IsNaN(result.Loss))
                    throw new NotFiniteNumberException("The network's results are NaN: its weights are finite, but what it computes with them is not. Take a checkpoint from before the training diverged.");
                if (!workers.IsFirst)
                    return;
                if (parsed.GetValue(html) is { } page)
                    new AnalysisReport($"What {Path.GetFileName(weights)} answers", parsed.GetValue(data)!, AnswerSections.Of(answers, images, result.Loss)).Write(page);
                if (parsed.GetValue(csv) is { } table)
                    AnswerFiles.WriteCsv(table, answers, images);
                if (parsed.GetValue(lines) is { } objects)
                    AnswerFiles.WriteLines(objects, answers, images);
                int skipped = images.Count - (int)result.Count;
                Print(result, "images", asJson, skipped, answers);
            }
        });
        return command;
    }

    private static (Evaluation Result, ClassifierAnswers Answers, IImageDataset Images) Evaluate(string path, string? modelName, IImageDataset images, DataLoaderOptions options, ImageViews views, bool fastDecode, WorkerGroup workers)
    {
        ImageClassifier classifier = ImageClassifier.Load(path, new ClassifierOptions { ModelName = modelName, Views = views });

        // Folders of ImageNet are named by synset, not by what the classes are called.
        bool namesFolders = classifier.Labels.Count > 0 && !ReferenceEquals(classifier.Labels, ImageNetLabels.Names);
        if (namesFolders && images.Classes.Count < classifier.Labels.Count && images.Classes.All(classifier.Labels.Contains))
            images = new RelabelledImages(images, classifier.Labels);
        if (classifier.Model.NumClasses != images.Classes.Count)
            throw new CheckpointException(path, $"its model tells {classifier.Model.NumClasses} classes apart, the data holds {images.Classes.Count}. Choose data of the same classes.");
        if (namesFolders && !classifier.Labels.SequenceEqual(images.Classes))
            throw new CheckpointException(path, $"{ClassDifference.Describe("the model", classifier.Labels, "the data", images.Classes)}. Choose data of the same classes.");
        if (3L * classifier.Transform.ViewCount * classifier.Transform.ImageSize * classifier.Transform.ImageSize * options.BatchSize > int.MaxValue)
            throw new ArgumentException($"--batch {options.BatchSize}: so many images of {classifier.Transform.ImageSize}×{classifier.Transform.ImageSize} pixels are more than a tensor holds. Use a smaller batch.");
        var decode = new ImageDecodeOptions { MinimumSize = fastDecode ? classifier.Transform.ResizeSize : null };
        var answers = new ClassifierAnswers(images.Classes);
        Evaluation result = ClassificationTask.Evaluate(classifier.Model, new DataLoader(images, classifier.Transform, options with { Decode = decode }), answers: answers, workers: workers)!;
        return (result, answers, images);
    }

    private static Evaluation EvaluateDense(string path, NetworkTask task, string? modelName, TrainingConfig config, WorkerGroup workers)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        if (task == NetworkTask.Segmentation)
        {
            SegmenterDescription segmenter = SegmenterRecognition.Recognize(checkpoint, modelName);
            var pixels = SegmentationData.Open(config, config.Segmentation.Classes.Length > 0 ? null : segmenter.Classes);
            RequireSameClasses(checkpoint, segmenter.Classes.Names, pixels.Classes.Names);
            RequireSame(workers, path, $"{pixels.Evaluation.Count} images");
            return SegmentationEvaluation.Run(SegmenterRecognition.Load(segmenter, checkpoint), pixels.Evaluation, new TestPipeline { Scale = segmenter.Scale }, workers: workers)!.ToEvaluation();
        }

        if (task != NetworkTask.Detection)
            throw new CheckpointException(path, "eval measures networks of images. For one of Long Range Arena run 'train' with its recipe, --resume and --opts EVAL_MODE true.");
        DetectorDescription detector = DetectorRecognition.Recognize(checkpoint, modelName);
        var objects = DetectionData.Open(config);
        RequireSameClasses(checkpoint, [.. detector.Categories.Select(category => category.Name)], [.. objects.Evaluation.Annotations.Categories.Select(category => category.Name)]);
        RequireSame(workers, path, $"{objects.Evaluation.Images.Count} images");
        return DetectionMeasurement.Run(DetectorRecognition.Load(detector, checkpoint), objects.Evaluation, detector.Scale, workers: workers)!.ToEvaluation();
    }

    // Workers whose files differ would measure a mixture.
    private static void RequireSame(WorkerGroup workers, string checkpoint, string data)
    {
        if (workers.Size == 1)
            return;
        using FileStream file = InputFile.Open(checkpoint);
        workers.RequireSame("version of this program", typeof(EvalCommand).Assembly.GetName().Version!.ToString());
        workers.RequireSame("checkpoint", Convert.ToHexStringLower(SHA256.HashData(file)));
        workers.RequireSame("data set", data);
    }

    // Networks of other makers do not name their classes.
    private static void RequireSameClasses(Checkpoint checkpoint, IReadOnlyList<string> saved, IReadOnlyList<string> given)
    {
        if (saved.Count != given.Count || (checkpoint.Metadata.ContainsKey("labels") && !saved.SequenceEqual(given)))
            throw new CheckpointException(checkpoint.Name, $"{ClassDifference.Describe("the model", saved, "the data", given)}. Choose data of the same classes.");
    }

    /// <summary>Prints what a network achieves.</summary>
    /// <param name="result">What it achieves.</param>
    /// <param name="examples">What is counted: images, rows.</param>
    /// <param name="asJson">Whether to print JSON.</param>
    /// <param name="skipped">Examples left out; null where the task leaves out none.</param>
    /// <param name="answers">Answers of a classifier; null of other networks.</param>
    public static void Print(Evaluation result, string examples, bool asJson, int? skipped = null, ClassifierAnswers? answers = null)
    {
        if (asJson)
        {
            var values = new OrderedDictionary<string, object> { [examples] = result.Count };
            if (skipped is { } count)
                values["skipped"] = count;
            foreach (MetricValue metric in result.Metrics.Values)
                values[metric.Definition.Name] = metric.Value;
            // A detector has none in evaluation.
            if (!double.IsNaN(result.Loss))
                values["loss"] = result.Loss;
            if (answers is not null)
            {
                values["macro_f1"] = answers.MacroF1;
                values["calibration_error"] = answers.CalibrationError;
            }

            values[$"{examples}_per_second"] = result.ExamplesPerSecond;
            Json.Print(values);
            return;
        }

        Console.WriteLine(FormattableString.Invariant($"{result.Count} {examples} at {result.ExamplesPerSecond:0.##} {examples}/s{(skipped > 0 ? $", {skipped} left out" : "")}"));
        foreach (MetricValue metric in result.Metrics.Values)
            Console.WriteLine($"  {metric.Definition.Label,-6} {metric.ToText()}");
        if (!double.IsNaN(result.Loss))
            Console.WriteLine(FormattableString.Invariant($"  {"loss",-6} {result.Loss:F4}"));
        if (answers is not null)
            Console.WriteLine(FormattableString.Invariant($"  macro F1 {answers.MacroF1:P2}, expected calibration error {answers.CalibrationError:P2}"));
    }
}
