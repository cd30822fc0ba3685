using System.CommandLine;
using PolaFormer.Checkpoints;
using PolaFormer.Pipelines;
using PolaFormer.Training;
using PolaFormer.Vision;
using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Cli;

/// <summary><c>eval --checkpoint FILE --data PATH</c>: accuracy of a checkpoint on labelled images.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var checkpoint = new Option<string?>("--checkpoint") { HelpName = "FILE", Description = "A .safetensors or .pth file; the shipped model by default." };
        var model = new Option<string?>("--model") { HelpName = "NAME", Description = "Registered architecture of the checkpoint; found out by default." };
        var data = new Option<string>("--data") { HelpName = "DIR", Description = "Folder or .tar.gz with val/ or test/.", Required = true };
        var split = new Option<string>("--split") { HelpName = "NAME", Description = "Which images.", DefaultValueFactory = _ => "val" };
        var batch = new Option<int>("--batch") { HelpName = "B", Description = "Images at a time.", DefaultValueFactory = _ => 64, CustomParser = Numbers.One(1, 1 << 20) };
        var badImages = new Option<string>("--bad-images") { HelpName = "WHAT", Description = "fail ends at an image that cannot be decoded; skip names it and leaves it out.", DefaultValueFactory = _ => "fail" };
        badImages.AcceptOnlyFromAmong("fail", "skip");
        Option<bool> fastDecode = CommonOptions.FastDecode();
        Option<string?> device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("eval", "Measure a checkpoint's accuracy on labelled images.") { checkpoint, model, data, split, batch, badImages, fastDecode, device, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            using IDisposable use = CommonOptions.UseDevice(parsed.GetValue(device));
            IImageDataset images = ImageDatasets.Open(parsed.GetValue(data)!, parsed.GetValue(split));
            Evaluation result = Evaluate(parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find(), parsed.GetValue(model), images, new DataLoaderOptions
            {
                BatchSize = Math.Min(parsed.GetValue(batch), Math.Max(images.Count, 1)),
                BadImages = parsed.GetValue(badImages) == "skip" ? BadImagePolicy.Skip : BadImagePolicy.Fail,
                BadImageAdvice = ". Use --bad-images skip to leave such images out.",
                Report = message => Console.Error.WriteLine($"polaformer: left out: {message}"),
            }, parsed.GetValue(fastDecode));
            if (result.Count == 0)
                throw new ImageException($"{parsed.GetValue(data)}: none of the {images.Count} images could be decoded");
            if (double.IsNaN(result.Loss))
                throw new NotFiniteNumberException("The network's results are NaN: its weights are finite, but what it computes with them is not. Take a checkpoint from before the training diverged.");
            int skipped = images.Count - (int)result.Count;
            Print(result, skipped, parsed.GetValue(json));
        });
        return command;
    }

    private static Evaluation Evaluate(string path, string? modelName, IImageDataset images, DataLoaderOptions options, bool fastDecode)
    {
        ImageClassifier classifier = ImageClassifier.Load(path, modelName);
        if (classifier.Model.NumClasses != images.Classes.Count)
            throw new CheckpointException(path, $"its model tells {classifier.Model.NumClasses} classes apart, the data holds {images.Classes.Count}. Choose data of the same classes.");

        // Folders of ImageNet are named by synset, not by what the classes are called.
        bool namesFolders = classifier.Labels.Count > 0 && !ReferenceEquals(classifier.Labels, ImageNetLabels.Names);
        if (namesFolders && !classifier.Labels.SequenceEqual(images.Classes))
            throw new CheckpointException(path, $"{ClassDifference.Describe("the model", classifier.Labels, "the data", images.Classes)}. Choose data of the same classes.");
        if (3L * classifier.Transform.ImageSize * classifier.Transform.ImageSize * options.BatchSize > int.MaxValue)
            throw new ArgumentException($"--batch {options.BatchSize}: so many images of {classifier.Transform.ImageSize}×{classifier.Transform.ImageSize} pixels are more than a tensor holds. Use a smaller batch.");
        var decode = new ImageDecodeOptions { MinimumSize = fastDecode ? classifier.Transform.ResizeSize : null };
        return ClassificationTask.Evaluate(classifier.Model, new DataLoader(images, classifier.Transform, options with { Decode = decode }))!;
    }

    /// <summary>Prints what a network achieves.</summary>
    public static void Print(Evaluation result, int skipped, bool asJson)
    {
        if (asJson)
        {
            Json.Print(new { images = result.Count, skipped, top1 = result["top1"], top5 = result["top5"], loss = result.Loss, images_per_second = result.ExamplesPerSecond });
            return;
        }

        Console.WriteLine(FormattableString.Invariant($"{result.Count} images at {result.ExamplesPerSecond:F0} images/s{(skipped > 0 ? $", {skipped} left out" : "")}"));
        Console.WriteLine(FormattableString.Invariant($"  top-1  {result["top1"]:P2}"));
        Console.WriteLine(FormattableString.Invariant($"  top-5  {result["top5"]:P2}"));
        Console.WriteLine(FormattableString.Invariant($"  loss   {result.Loss:F4}"));
    }
}
