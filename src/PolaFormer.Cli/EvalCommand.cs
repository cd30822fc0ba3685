using System.CommandLine;
using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.Training;
using PolaFormer.Vision;
using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Loading;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Cli;

/// <summary><c>eval --checkpoint FILE --data PATH</c>: accuracy of a checkpoint on labelled images.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var checkpoint = new Option<string?>("--checkpoint") { HelpName = "FILE", Description = "A .safetensors or .pth file; the shipped model by default." };
        var data = new Option<string>("--data") { HelpName = "DIR", Description = "Folder or .tar.gz with val/ or test/.", Required = true };
        var split = new Option<string>("--split") { HelpName = "NAME", Description = "Which images.", DefaultValueFactory = _ => "val" };
        var batch = new Option<int>("--batch") { HelpName = "B", Description = "Images at a time.", DefaultValueFactory = _ => 64 };
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("eval", "Measure a checkpoint's accuracy on labelled images.") { checkpoint, data, split, batch, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            if (parsed.GetValue(batch) < 1)
                throw new ArgumentException("--batch takes a positive number.");
            IImageDataset images = ImageDatasets.Open(parsed.GetValue(data)!, parsed.GetValue(split));
            Evaluation result = Evaluate(parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find(), images, parsed.GetValue(batch));
            if (parsed.GetValue(json))
                CommonOptions.PrintJson(new { images = result.Images, top1 = result.Top1, top5 = result.Top5, loss = result.Loss, images_per_second = result.ImagesPerSecond });
            else
                Print(result);
        });
        return command;
    }

    private static Evaluation Evaluate(string path, IImageDataset images, int batchSize)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        (ModelEntry entry, ModelOptions options) = ModelLoader.Recognize(checkpoint)
            ?? throw new CheckpointException(path, "it belongs to no registered model. See 'polaformer models'.");
        ModelDescription description = ModelDescription.From(checkpoint)
            ?? new ModelDescription { Model = entry.Name, ImageSize = options.ImageSize ?? entry.ImageSize };
        if (options.NumClasses != images.Classes.Count)
            throw new CheckpointException(path, $"its model tells {options.NumClasses} classes apart, the data holds {images.Classes.Count}. Choose data of the same classes.");
        if (description.Labels.Count > 0 && !description.Labels.SequenceEqual(images.Classes))
            throw new CheckpointException(path, $"its classes ({string.Join(", ", description.Labels.Take(3))}, …) are not those of the data ({string.Join(", ", images.Classes.Take(3))}, …).");

        VisionModel model = entry.Create(options);
        ModelLoader.LoadStrict(model, checkpoint);
        var transform = new EvalTransform(
            description.ImageSize, description.CenterCrop ? EvalResize.SquareThenCrop : EvalResize.Square,
            normalization: new Normalization([.. description.Mean], [.. description.Std]));
        return Evaluation.Run(model, new DataLoader(images, transform, new DataLoaderOptions { BatchSize = batchSize }));
    }

    private static void Print(Evaluation result)
    {
        Console.WriteLine(FormattableString.Invariant($"{result.Images} images at {result.ImagesPerSecond:F0} images/s"));
        Console.WriteLine(FormattableString.Invariant($"  top-1  {result.Top1:P2}"));
        Console.WriteLine(FormattableString.Invariant($"  top-5  {result.Top5:P2}"));
        Console.WriteLine(FormattableString.Invariant($"  loss   {result.Loss:F4}"));
    }
}
