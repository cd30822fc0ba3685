using System.CommandLine;
using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.Models;
using PolaFormer.Onnx;
using PolaFormer.Pipelines;
using PolaFormer.Segmentation;
using PolaFormer.Segmentation.Networks;

namespace PolaFormer.Cli;

/// <summary><c>export --onnx OUT</c>: a classifier as an ONNX file.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var onnx = new Option<string>("--onnx") { HelpName = "OUT", Description = "The .onnx file to write.", Required = true };
        var checkpoint = new Option<string?>("--checkpoint") { HelpName = "FILE", Description = "A .safetensors or .pth file; the shipped model by default." };
        var model = new Option<string?>("--model") { HelpName = "NAME", Description = "Registered architecture: of the checkpoint (found out by default), or to draw weights for." };
        var random = new Option<bool>("--random-weights") { Description = "Export --model with freshly drawn weights." };
        Option<string?> attention = CommonOptions.Attention();
        var seed = new Option<ulong>("--seed") { HelpName = "N", Description = "Seed of the drawn weights.", DefaultValueFactory = _ => 0, CustomParser = Numbers.One(0ul, ulong.MaxValue) };
        var opset = new Option<int>("--opset") { HelpName = "N", Description = $"Version of the ONNX operator set, {OnnxExportOptions.MinOpset} to {OnnxExportOptions.MaxOpset}.", DefaultValueFactory = _ => OnnxExportOptions.MinOpset, CustomParser = Numbers.One(OnnxExportOptions.MinOpset, OnnxExportOptions.MaxOpset) };
        var power = new Option<string>("--power") { HelpName = "FORM", Description = "How xᵖ of polarity attention is written: exp-log, exp(p·log x), fast in ONNX Runtime; pow, the operator Pow.", DefaultValueFactory = _ => "exp-log" };
        power.AcceptOnlyFromAmong("exp-log", "pow");
        var size = new Option<int[]>("--size") { HelpName = "H W", Description = "Rows and columns of the images in pixels, for a segmentation network; open by default.", AllowMultipleArgumentsPerToken = true, Arity = new ArgumentArity(2, 2) };
        var command = new Command("export", "Write a model as an ONNX file: images (batch, 3, H, W), normalised, to logits (batch, classes).") { onnx, checkpoint, model, random, attention, seed, opset, power, size };
        command.SetAction(parsed =>
        {
            string output = parsed.GetValue(onnx)!;
            string? weights = parsed.GetValue(random) ? parsed.GetValue(checkpoint) : parsed.GetValue(checkpoint) ?? ShippedOnlyWithout(parsed.GetValue(model));
            CommonOptions.CheckOutputs([("--onnx", output, ".onnx")], weights);
            var options = new OnnxExportOptions
            {
                Opset = parsed.GetValue(opset),
                Power = parsed.GetValue(power) == "pow" ? PowerForm.Pow : PowerForm.ExpLog,
            };
            if (weights is not null && NetworkTasks.Of(weights) == NetworkTask.Segmentation)
            {
                ExportSegmenter(weights, parsed.GetValue(model), parsed.GetValue(size), output, options);
                return;
            }

            (VisionModel network, ModelDescription description) = parsed.GetValue(random)
                ? Drawn(parsed.GetValue(model), parsed.GetValue(checkpoint), CommonOptions.NamesOf(parsed.GetValue(attention)), parsed.GetValue(seed))
                : parsed.GetValue(attention) is not null ? throw new ArgumentException("--attention goes with --random-weights; a checkpoint tells its own attention.")
                : ImageClassifier.LoadModel(weights!, parsed.GetValue(model));
            using IDisposable signals = UnfinishedFiles.RemoveOnSignals();
            OnnxExporter.Export(network, output, options with { Description = description });
            Console.WriteLine($"{output}: {description.Model}, {new FileInfo(output).Length:N0} bytes");
        });
        return command;
    }

    private static void ExportSegmenter(string path, string? name, int[]? size, string output, OnnxExportOptions options)
    {
        size = size is { Length: 2 } ? size : null;
        if (size is not null && size.Any(side => side is < 32 or > 8192))
            throw new ArgumentException($"--size {size[0]} {size[1]}: sides lie between 32 and 8192 pixels.");
        using Checkpoint checkpoint = Checkpoint.Open(path);
        SegmenterDescription description = SegmenterRecognition.Recognize(checkpoint, name);
        Segmenter network = SegmenterRecognition.Load(description, checkpoint);
        using IDisposable signals = UnfinishedFiles.RemoveOnSignals();
        int divisor = network.SizeDivisor;
        OnnxExporter.ExportMaps(network, size is null ? OnnxImageSize.Open(divisor) : OnnxImageSize.Fixed(size[0], size[1]), output, options, description.ToMetadata());
        Console.WriteLine($"{output}: {description.Name}, {(size is null ? $"sides of multiples of {divisor}" : $"{size[0]}×{size[1]}")} pixels, {new FileInfo(output).Length:N0} bytes");
    }

    private static (VisionModel Model, ModelDescription Description) Drawn(string? name, string? checkpoint, string[] attention, ulong seed)
    {
        if (name is null || checkpoint is not null)
            throw new ArgumentException("--random-weights goes with --model NAME and without --checkpoint.");
        ModelEntry entry = ModelRegistry.Find(name).WithAttention(attention);
        VisionModel model = entry.Create();
        model.Initialize(seed);
        return (model, new ModelDescription { Model = entry.Name, ImageSize = model.ImageSize });
    }

    private static string ShippedOnlyWithout(string? name) => name is null
        ? ShippedCheckpoint.Find()
        : throw new ArgumentException("--model alone has no weights: add --checkpoint FILE, or --random-weights.");
}
