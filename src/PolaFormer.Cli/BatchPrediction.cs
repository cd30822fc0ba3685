using PolaFormer.Detection;
using PolaFormer.Distributed;
using PolaFormer.Files;
using PolaFormer.LongRange;
using PolaFormer.Pipelines;
using PolaFormer.Segmentation;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Cli;

/// <summary>
/// <c>predict --input</c>: answers a list of inputs, or a part of it, into a file. A job array runs as many parts as it has machines, or
/// workers of mpirun share a part; one that was ended goes on where it was, with any number of workers.
/// </summary>
internal static class BatchPrediction
{
    private const int LinesAtOnce = 64;

    /// <summary>Answers what the results lack.</summary>
    /// <param name="input">The list.</param>
    /// <param name="output">The results.</param>
    /// <param name="shard">The part.</param>
    /// <param name="answer">Answers an input; called from several threads at once.</param>
    /// <param name="group">Those that share the inputs; the first writes the results.</param>
    public static int Run(string input, string output, Shard shard, Func<ManifestItem, object> answer, WorkerGroup group)
    {
        if (OutputFile.IsInput(output, input))
            throw new FileException(output, "it is also read, and would be changed. Choose another name for the output.");
        int threads = Workers.ThreadCount;

        // Each thread answers whole inputs, so that none waits for another at every operator.
        using IDisposable alone = Workers.Limit(1);
        using var stop = new StopSignals();
        using ShardResults? results = group.IsFirst ? ShardResults.Open(output) : null;
        (long count, string? lastId) = group.GatherAll<(long, string?)>(results is null ? [] : [(results.Count, results.LastId)], WriteEnd, ReadEnd)[0];
        long done = 0, failed = 0;
        bool isStopped = false;
        foreach (ManifestItem[] items in Remaining(input, shard, count, lastId).Chunk(LinesAtOnce * group.Size))
        {
            isStopped = group.Any(stop.Token.IsCancellationRequested ? 1 : 0) != 0;
            if (isStopped)
                break;
            (int first, int end) = group.ShareOf(items.Length);
            string[] lines = new string[end - first];
            Parallel.For(0, lines.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
            {
                using IDisposable one = Workers.Limit(1);
                if (!TryAnswer(items[first + i], answer, out lines[i]))
                    Interlocked.Increment(ref failed);
            });

            // In the order of the inputs, whatever the number of workers.
            IReadOnlyList<string> all = group.GatherAll(lines, (writer, line) => writer.Write(line), reader => reader.ReadString());
            results?.Add(all);
            done += items.Length;
        }

        failed = group.SumOf([failed])[0];
        results?.Finish();
        if (group.IsFirst)
            Console.Error.WriteLine($"{output}: {count + done} results, {done} of them new; {failed} of the new inputs could not be answered");
        return isStopped ? 1 : 0;
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
    private static IEnumerable<ManifestItem> Remaining(string input, Shard shard, long count, string? lastId)
    {
        long number = 0;
        foreach (ManifestItem item in Manifest.Read(input, shard))
        {
            number++;
            if (number == count && item.Id != lastId)
                throw new FileException(input, $"the results are of another list: line {item.Line + 1} is '{item.Id}', and the last result is of '{lastId}'. Name another file for the results.");
            if (number > count)
                yield return item;
        }

        if (number < count)
            throw new FileException(input, $"it has {number} inputs of this part, and there are {count} results. Name another file for the results.");
    }

    // Where the results end.
    private static void WriteEnd(BinaryWriter writer, (long Count, string? LastId) end)
    {
        writer.Write(end.Count);
        writer.Write(end.LastId ?? "");
    }

    private static (long Count, string? LastId) ReadEnd(BinaryReader reader) => (reader.ReadInt64(), reader.ReadString());

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
