using PolaFormer.Detection;
using PolaFormer.Files;
using PolaFormer.LongRange;
using PolaFormer.Pipelines;
using PolaFormer.Segmentation;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Cli;

/// <summary>
/// <c>predict --input</c>: answers a list of inputs, or a part of it, into a file. A job array runs as many parts as it has machines; a part
/// that was ended goes on where it was.
/// </summary>
internal static class BatchPrediction
{
    private const int LinesAtOnce = 64;

    /// <summary>Answers what the results lack.</summary>
    /// <param name="input">The list.</param>
    /// <param name="output">The results.</param>
    /// <param name="shard">The part.</param>
    /// <param name="answer">Answers an input; called from several threads at once.</param>
    public static int Run(string input, string output, Shard shard, Func<ManifestItem, object> answer)
    {
        if (OutputFile.IsInput(output, input))
            throw new FileException(output, "it is also read, and would be changed. Choose another name for the output.");
        int threads = Workers.ThreadCount;

        // Each thread answers whole inputs, so that none waits for another at every operator.
        using IDisposable alone = Workers.Limit(1);
        using var stop = new StopSignals();
        using ShardResults results = ShardResults.Open(output);
        long done = 0, failed = 0;
        foreach (ManifestItem[] items in Remaining(input, shard, results).Chunk(LinesAtOnce))
        {
            if (stop.Token.IsCancellationRequested)
                break;
            string[] lines = new string[items.Length];
            Parallel.For(0, items.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
            {
                using IDisposable one = Workers.Limit(1);
                if (!TryAnswer(items[i], answer, out lines[i]))
                    Interlocked.Increment(ref failed);
            });
            results.Add(lines);
            done += items.Length;
        }

        results.Finish();
        Console.Error.WriteLine($"{output}: {results.Count + done} results, {done} of them new; {failed} of the new inputs could not be answered");
        return stop.Token.IsCancellationRequested ? 1 : 0;
    }

    /// <summary>What answers an input with a checkpoint.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="model">The registered architecture; null to find it out.</param>
    /// <param name="task">What the network does.</param>
    /// <param name="top">Classes to tell.</param>
    /// <param name="threshold">Least score of objects.</param>
    public static Func<ManifestItem, object> Answers(string path, string? model, NetworkTask task, int top, float threshold)
    {
        switch (task)
        {
            case NetworkTask.Sequences:
                var predictor = SequencePredictor.Load(path);
                return item => new { predictions = (item.Text is { } text ? predictor.Predict(text, item.Second) : predictor.PredictFile(item.File!)).Take(top).Select(answer => new { label = answer.Label, index = answer.Index, probability = answer.Probability }) };
            case NetworkTask.Segmentation:
                ImageSegmenter segmenter = ImageSegmenter.Load(path, model);
                return item => new { classes = segmenter.Segment(FileOf(item)).Areas.Select(area => new { label = area.Label, index = area.Index, pixels = area.Pixels, share = area.Share }) };
            case NetworkTask.Detection:
                ObjectDetector detector = ObjectDetector.Load(path, model, threshold: threshold);
                return item =>
                {
                    ImageDetections found = detector.Detect(FileOf(item));
                    return new { objects = Enumerable.Range(0, found.Count).Select(i => new { label = detector.Categories[found.Labels[i]].Name, index = found.Labels[i], score = found.Scores[i], box = new[] { found.Boxes[i].X1, found.Boxes[i].Y1, found.Boxes[i].X2, found.Boxes[i].Y2 } }) };
                };
            default:
                var classifier = ImageClassifier.Load(path, new ClassifierOptions { ModelName = model });
                return item => new { predictions = classifier.Predict(FileOf(item), top).Select(guess => new { label = guess.Label, index = guess.Index, probability = guess.Probability }) };
        }
    }

    private static string FileOf(ManifestItem item) => item.File ?? throw new ArgumentException("The network takes images: the line has 'text'.");

    // The inputs behind those that have a result.
    private static IEnumerable<ManifestItem> Remaining(string input, Shard shard, ShardResults results)
    {
        long number = 0;
        foreach (ManifestItem item in Manifest.Read(input, shard))
        {
            number++;
            if (number == results.Count && item.Id != results.LastId)
                throw new FileException(input, $"the results are of another list: line {item.Line + 1} is '{item.Id}', and the last result is of '{results.LastId}'. Name another file for the results.");
            if (number > results.Count)
                yield return item;
        }

        if (number < results.Count)
            throw new FileException(input, $"it has {number} inputs of this part, and there are {results.Count} results. Name another file for the results.");
    }

    private static bool TryAnswer(ManifestItem item, Func<ManifestItem, object> answer, out string line)
    {
        try
        {
            object result = item.Problem is null ? answer(item) : throw new ArgumentException(item.Problem);
            line = Json.Line(item.Id, result);
            return true;
        }
        catch (Exception error)
        {
            line = Json.Line(item.Id, new { error = UserErrors.Line(error) });
            return false;
        }
    }
}
