using System.CommandLine;
using PolaFormer.Vision;
using Spectre.Console;

namespace PolaFormer.Cli;

/// <summary><c>predict IMAGE…</c>: the most probable classes of images.</summary>
internal static class PredictCommand
{
    public static Command Create()
    {
        var images = new Argument<string[]>("IMAGE") { Arity = ArgumentArity.OneOrMore, Description = "Image files (JPEG, PNG, WebP, GIF, BMP, TIFF, PPM, ICO), or folders of them." };
        var checkpoint = new Option<string?>("--checkpoint") { HelpName = "FILE", Description = "A .safetensors or .pth file; the shipped model by default." };
        var model = new Option<string?>("--model") { HelpName = "NAME", Description = "Registered architecture of the checkpoint; found out by default." };
        var labels = new Option<string?>("--labels") { HelpName = "FILE", Description = "A text file with a class name a line." };
        var top = new Option<int>("--top") { HelpName = "K", Description = "How many classes to print.", DefaultValueFactory = _ => 5 };
        Option<bool> fastDecode = CommonOptions.FastDecode();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("predict", "Classify images.") { images, checkpoint, model, labels, top, fastDecode, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            if (parsed.GetValue(top) < 1)
                throw new ArgumentException("--top takes a positive number.");
            string[] names = parsed.GetValue(labels) is { } file ? File.ReadAllLines(file) : [];
            var classifier = ImageClassifier.Load(parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find(), parsed.GetValue(model), names.Length > 0 ? names : null);
            if (parsed.GetValue(fastDecode))
                classifier.Decoding = classifier.Decoding with { MinimumSize = classifier.Transform.ResizeSize };
            return Run(classifier, Expand(parsed.GetValue(images)!), parsed.GetValue(top), parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(ImageClassifier classifier, IReadOnlyList<string> files, int top, bool json)
    {
        var results = new List<object>();
        bool failed = false;
        foreach (string path in files)
        {
            string file = ImageFiles.NameOf(path);
            try
            {
                IReadOnlyList<Prediction> predictions = classifier.Predict(path, top);
                if (json)
                    results.Add(new { file, predictions = predictions.Select(guess => new { label = guess.Label, index = guess.Index, probability = guess.Probability }) });
                else
                    Print(file, predictions);
            }
            catch (Exception error) when (UserErrors.IsUserError(error))
            {
                failed = true;
                if (json)
                    results.Add(new { file, error = error.Message });
                else
                    Console.Error.WriteLine($"polaformer: {error.Message}");
            }
        }

        if (json)
            CommonOptions.PrintJson(results);
        return failed ? 1 : 0;
    }

    private static void Print(string file, IReadOnlyList<Prediction> predictions)
    {
        const int barWidth = 24;
        AnsiConsole.MarkupLineInterpolated($"[bold]{file}[/]");
        foreach (Prediction guess in predictions)
        {
            string bar = new('█', (int)MathF.Round(guess.Probability * barWidth));
            AnsiConsole.MarkupLineInterpolated($"  {guess.Probability,7:P1}  [blue]{bar.PadRight(barWidth)}[/]  {guess.Label}");
        }
    }

    private static List<string> Expand(IEnumerable<string> paths)
    {
        var files = new List<string>();
        foreach (string path in paths)
        {
            if (!Directory.Exists(path))
            {
                files.Add(path);
                continue;
            }

            IReadOnlyList<string> found = ImageFiles.In(path);
            if (found.Count == 0)
                throw new ArgumentException($"{path} holds no images (looked for {string.Join(", ", ImageFiles.Extensions)}).");
            files.AddRange(found);
        }

        return files;
    }
}
