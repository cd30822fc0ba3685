using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using PolaFormer.Pipelines;

namespace PolaFormer.DependencyInjection;

/// <summary>Makes the services of a name, and logs what they do.</summary>
internal static partial class LoadedClassifier
{
    private const string Category = "PolaFormer";

    public static ImageClassifier Load(IServiceProvider provider, string name)
    {
        PolaFormerOptions options = OptionsOf(provider, name);
        ILogger logger = LoggerOf(provider);
        long start = Stopwatch.GetTimestamp();
        try
        {
            var classifier = ImageClassifier.Load(options.Checkpoint, options.ToClassifierOptions());
            LogLoaded(logger, options.Checkpoint, classifier.Model.GetType().Name, classifier.Model.ImageSize, classifier.Model.NumClasses, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            return classifier;
        }
        catch (Exception error)
        {
            LogNotLoaded(logger, error, options.Checkpoint);
            throw;
        }
    }

    public static BatchingClassifier Batching(IServiceProvider provider, string name, ImageClassifier classifier)
    {
        PolaFormerOptions options = OptionsOf(provider, name);
        ILogger logger = LoggerOf(provider);
        return new BatchingClassifier(classifier, new MicroBatchOptions
        {
            Size = options.BatchSize,
            Delay = options.BatchDelay,
            Capacity = options.Capacity,
            Parallelism = options.Parallelism,
            Computed = (count, elapsed) => LogBatch(logger, count, elapsed.TotalMilliseconds),
        });
    }

    private static PolaFormerOptions OptionsOf(IServiceProvider provider, string name) => provider.GetRequiredService<IOptionsMonitor<PolaFormerOptions>>().Get(name);

    private static ILogger LoggerOf(IServiceProvider provider) => (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger(Category);

    [LoggerMessage(1, LogLevel.Information, "Loaded {Checkpoint}: {Network}, {ImageSize} pixels, {Classes} classes, in {Milliseconds:F0} ms")]
    private static partial void LogLoaded(ILogger logger, string checkpoint, string network, int imageSize, int classes, double milliseconds);

    [LoggerMessage(2, LogLevel.Error, "Cannot load {Checkpoint}")]
    private static partial void LogNotLoaded(ILogger logger, Exception error, string checkpoint);

    [LoggerMessage(3, LogLevel.Debug, "A batch of {Count} took {Milliseconds:F1} ms")]
    private static partial void LogBatch(ILogger logger, int count, double milliseconds);
}
