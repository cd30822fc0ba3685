using System.Diagnostics;
using PolaFormer.Pipelines;

namespace PolaFormer.Benchmarks;

/// <summary>What the library takes in a fresh process from opening a checkpoint to the first prediction, and for the second.</summary>
internal static class QuickColdStart
{
    /// <summary>Prints milliseconds for a checkpoint and an image.</summary>
    public static void Run(string[] arguments)
    {
        if (arguments is not [var checkpoint, var image])
        {
            Console.Error.WriteLine("usage: --quick cold CHECKPOINT IMAGE");
            return;
        }
        long start = Stopwatch.GetTimestamp();
        var classifier = ImageClassifier.Load(checkpoint);
        TimeSpan loaded = Stopwatch.GetElapsedTime(start);
        classifier.Predict(image);
        TimeSpan first = Stopwatch.GetElapsedTime(start);
        classifier.Predict(image);
        TimeSpan second = Stopwatch.GetElapsedTime(start);
        Console.WriteLine(FormattableString.Invariant($"load {loaded.TotalMilliseconds:F0} ms, first result after {first.TotalMilliseconds:F0} ms, second in {(second - first).TotalMilliseconds:F0} ms"));
    }
}
