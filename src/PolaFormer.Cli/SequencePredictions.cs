using PolaFormer.Analysis.Report;
using PolaFormer.LongRange;

namespace PolaFormer.Cli;

/// <summary>What <c>predict</c> does with a network of a task of Long Range Arena: texts, expressions, pairs or small images in, answers out.</summary>
internal static class SequencePredictions
{
    /// <summary>Classifies files and typed texts, and prints the answers.</summary>
    /// <param name="path">The network.</param>
    /// <param name="files">Files of text, or of images.</param>
    /// <param name="texts">Texts or expressions.</param>
    /// <param name="top">Answers to print of each.</param>
    /// <param name="json">Whether to print JSON.</param>
    public static int Print(string path, IReadOnlyList<string> files, IReadOnlyList<string> texts, int top, bool json)
    {
        var predictor = SequencePredictor.Load(path);
        var results = new List<object>();
        foreach ((string name, IReadOnlyList<SequencePrediction> answers) in predictor.Task.IsDual ? [Pair(predictor, files, texts)] : Each(predictor, files, texts))
        {
            if (json)
                results.Add(new { input = name, predictions = answers.Take(top).Select(answer => new { label = answer.Label, index = answer.Index, probability = answer.Probability }) });
            else
                Print(name, answers.Take(top));
        }

        if (json)
            Json.Print(results);
        return 0;
    }

    private static IEnumerable<(string Name, IReadOnlyList<SequencePrediction> Answers)> Each(SequencePredictor predictor, IReadOnlyList<string> files, IReadOnlyList<string> texts) =>
        files.Select(file => (file, predictor.PredictFile(file))).Concat(texts.Select(text => (Shown(text), predictor.Predict(text))));

    private static (string Name, IReadOnlyList<SequencePrediction> Answers) Pair(SequencePredictor predictor, IReadOnlyList<string> files, IReadOnlyList<string> texts) => (files.Count, texts.Count) switch
    {
        (2, 0) => ($"{files[0]}, {files[1]}", predictor.PredictFiles(files[0], files[1])),
        (0, 2) => ($"{Shown(texts[0])}, {Shown(texts[1])}", predictor.Predict(texts[0], texts[1])),
        _ => throw new ArgumentException($"The network was trained on the task {predictor.Task.Name}, which compares two texts. Name two files, or give --text twice."),
    };

    private static void Print(string name, IEnumerable<SequencePrediction> answers)
    {
        Terminal.WriteLine((PlainText.Of(name), "bold"));
        foreach (SequencePrediction answer in answers)
            Terminal.WriteLine(($"  {answer.Probability,7:P1}  {answer.Label}", null));
    }

    private static string Shown(string text) => text.Length <= 60 ? text : text[..60] + "…";
}
