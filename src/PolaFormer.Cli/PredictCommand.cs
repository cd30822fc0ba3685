using System.CommandLine;
using System.Globalization;
using System.Text;
using PolaFormer.Analysis.Report;
using PolaFormer.Files;
using PolaFormer.Pipelines;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Cli;

/// <summary><c>predict IMAGE…</c>: the most probable classes of images, and of texts with a network of sequences.</summary>
internal static class PredictCommand
{
    private const long MaxLabelBytes = 64 << 20;

    public static Command Create()
    {
        var images = new Argument<string[]>("IMAGE") { Arity = ArgumentArity.ZeroOrMore, Description = "Image files (JPEG, PNG, WebP, GIF, BMP, TIFF, PPM, ICO), folders of them with all that are in these, addresses on the web (http, https), or - for an image on standard input; with a network of a task of Long Range Arena, its texts or images." };
        var text = new Option<string[]>("--text") { HelpName = "TEXT", Description = "A text or an expression instead of a file, for a network of a task of Long Range Arena; twice for one that compares two.", AllowMultipleArgumentsPerToken = false, Arity = ArgumentArity.ZeroOrMore };
        var checkpoint = new Option<string?>("--checkpoint") { HelpName = "FILE", Description = "A .safetensors or .pth file; the shipped model by default." };
        var wanted = new Option<string?>("--task") { Description = "Which shipped model to take without --checkpoint: the classifier, by default, the detector or the segmentation network of drawn shapes." };
        wanted.AcceptOnlyFromAmong("classify", "detect", "segment");
        var model = new Option<string?>("--model") { HelpName = "NAME", Description = "Registered architecture of the checkpoint; found out by default." };
        var labels = new Option<string?>("--labels") { HelpName = "FILE", Description = "A text file with a class name a line." };
        var top = new Option<int>("--top") { HelpName = "K", Description = "How many classes to print.", DefaultValueFactory = _ => 5, CustomParser = Numbers.One(1, int.MaxValue) };
        var input = new Option<string?>("--input") { HelpName = "FILE", Description = "A list of inputs in JSON, one a line, {\"id\": …, \"file\": …} or {\"id\": …, \"text\": …}; results go to the file --output, and a command that was ended goes on." };
        var shard = new Option<Shard>("--shard") { HelpName = "I/N", Description = "Part I of N of --input, from 0: for as many processes or machines.", CustomParser = Shard.Parse, DefaultValueFactory = Shard.Parse };
        var output = new Option<string?>("--output", "-o") { HelpName = "FOLDER", Description = "The file of results of --input; or where a segmentation network's maps go: NAME.classes.png, indexed, and NAME.overlay.png, with a legend; or a detector's pictures, NAME.objects.png." };
        var shortSide = new Option<int?>("--short-side") { HelpName = "PIXELS", Description = "What the short side of an image is brought to for a segmentation network; what it was trained with by default.", CustomParser = Numbers.OneOrNone(32, 8192) };
        var window = new Option<int?>("--window") { HelpName = "PIXELS", Description = "Side of overlapping windows that a segmentation network looks through; the whole image by default.", CustomParser = Numbers.OneOrNone(32, 8192) };
        var csv = new Option<string?>("--csv") { HelpName = "FILE", Description = "Where answers go, a line each: a classifier's classes, the areas of a segmentation network's, a detector's objects." };
        var threshold = new Option<double>("--threshold") { HelpName = "SCORE", Description = "Least score of a detector's objects.", DefaultValueFactory = _ => 0.3 };
        Option<ImageViews> views = CommonOptions.Views();
        Option<bool> fastDecode = CommonOptions.FastDecode();
        Option<string?> device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("predict", "Classify images, with a segmentation network their pixels, or find objects with a detector.") { images, text, input, shard, checkpoint, wanted, model, labels, top, output, csv, shortSide, window, threshold, views, fastDecode, device, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            using IDisposable use = CommonOptions.UseDevice(parsed.GetValue(device));
            string[] inputs = parsed.GetValue(images)!, texts = parsed.GetValue(text)!;
            if (inputs.Length + texts.Length == 0 && parsed.GetValue(input) is null)
                throw new ArgumentException("predict wants image files or folders of them. See 'polaformer predict --help'.");
            if (parsed.GetValue(wanted) is not null && parsed.GetValue(checkpoint) is not null)
                throw new ArgumentException("--task chooses among the shipped models, and --checkpoint names another. Leave one of them out.");
            NetworkTask task = parsed.GetValue(checkpoint) is { } named ? NetworkTasks.Of(named) : Shipped(parsed.GetValue(wanted));
            string path = parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find(task);
            if (parsed.GetValue(input) is { } list)
            {
                string results = parsed.GetValue(output) ?? throw new ArgumentException("--input takes --output FILE, where the results go.");
                return inputs.Length + texts.Length == 0
                    ? MpiWorkers.Run(workers => BatchPrediction.Run(list, results, parsed.GetValue(shard), BatchPrediction.Answers(path, parsed.GetValue(model), task, parsed.GetValue(top), (float)parsed.GetValue(threshold)), workers))
                    : throw new ArgumentException("--input names all inputs: leave IMAGE and --text out.");
            }

            if (task == NetworkTask.Sequences)
                return SequencePredictions.Print(path, inputs, texts, parsed.GetValue(top), parsed.GetValue(json));
            if (texts.Length > 0)
                throw new ArgumentException("--text is for a network of a task of Long Range Arena; name one with --checkpoint.");
            string[]? names = parsed.GetValue(labels) is { } file ? Labels(file) : null;
            if (task == NetworkTask.Segmentation)
                return SegmentPrediction.Run(path, parsed.GetValue(model), names, ImageSources.Expand(inputs), parsed.GetValue(output), parsed.GetValue(csv), parsed.GetValue(shortSide), parsed.GetValue(window), parsed.GetValue(json));
            if (task == NetworkTask.Detection)
                return DetectPrediction.Run(path, parsed.GetValue(model), names, ImageSources.Expand(inputs), (float)parsed.GetValue(threshold), parsed.GetValue(output), parsed.GetValue(csv), parsed.GetValue(json));
            if (parsed.GetValue(output) is not null)
                throw new ArgumentException("--output is for segmentation networks and detectors; name the checkpoint with --checkpoint, or take a shipped one with --task detect or segment.");
            var classifier = ImageClassifier.Load(path, new ClassifierOptions { ModelName = parsed.GetValue(model), Labels = names, Views = parsed.GetValue(views), FastDecoding = parsed.GetValue(fastDecode) });
            return Run(classifier, path, ImageSources.Expand(inputs), parsed.GetValue(top), parsed.GetValue(csv), parsed.GetValue(json));
        });
        return command;
    }

    private static NetworkTask Shipped(string? task) => task switch
    {
        "detect" => NetworkTask.Detection,
        "segment" => NetworkTask.Segmentation,
        _ => NetworkTask.Classification,
    };

    private static int Run(ImageClassifier classifier, string checkpoint, IReadOnlyList<string> files, int top, string? csv, bool json)
    {
        if (csv is not null)
            OutputFile.Check(csv, [checkpoint, .. files]);
        var lines = new StringBuilder("file,class,index,probability\n");
        var results = new List<object>();
        int exitCode = 0;
        foreach (string path in files)
        {
            string file = ImageFiles.NameOf(path);
            try
            {
                using Image image = ImageSources.Decode(path, classifier.Decoding);
                IReadOnlyList<Prediction> predictions = classifier.Predict(image, top);
                foreach (Prediction guess in predictions)
                    lines.Append(CultureInfo.InvariantCulture, $"{CsvText.Quoted(file)},{CsvText.Quoted(guess.Label)},{guess.Index},{guess.Probability:0.######}\n");
                if (json)
                    results.Add(new { file, predictions = predictions.Select(guess => new { label = guess.Label, index = guess.Index, probability = guess.Probability }) });
                else
                    Print(file, predictions);
            }
            catch (Exception error) when (error is not StandardOutputException)
            {
                // The results of the other images are wanted all the same.
                exitCode = Math.Max(exitCode, json ? UserErrors.ExitCode(error) : UserErrors.Report(error));
                if (json)
                    results.Add(new { file, error = UserErrors.Line(error) });
            }
        }

        if (csv is not null)
            OutputFile.Write(csv, stream => stream.Write(Encoding.UTF8.GetBytes(lines.ToString())));
        if (json)
            Json.Print(results);
        return exitCode;
    }

    private static void Print(string file, IReadOnlyList<Prediction> predictions)
    {
        const int barWidth = 24;
        Terminal.WriteLine((PlainText.Of(file), "bold"));
        foreach (Prediction guess in predictions)
        {
            string bar = new('█', (int)MathF.Round(guess.Probability * barWidth));
            Terminal.WriteLine(($"  {guess.Probability,7:P1}  ", null), (bar.PadRight(barWidth), "blue"), ($"  {PlainText.Of(guess.Label)}", null));
        }
    }

    // Empty lines are left behind by editors, and by line ends that were changed twice; classes.txt of data sets is read alike.
    private static string[] Labels(string file)
    {
        string[] names = [.. InputFile.ReadAllLines(file, MaxLabelBytes).Select(line => line.Trim()).Where(line => line.Length > 0)];
        return names.Length > 0 ? names : throw new FileException(file, "it names no class. Write a class name a line.");
    }
}
