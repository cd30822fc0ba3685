using System.Diagnostics;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Measurement;

/// <summary>
/// The authors' throughput mode: the first batch of the evaluation images, of DATA.BATCH_SIZE, goes through the network again and
/// again: 50 times to warm up, then 30 times measured; fewer where that takes too long, as on a processor it may.
/// </summary>
/// <param name="Model">The network's name.</param>
/// <param name="BatchSize">Images of a batch.</param>
/// <param name="Batches">Batches measured.</param>
/// <param name="ImagesPerSecond">Speed of inference.</param>
public sealed record ThroughputMeasurement(string Model, int BatchSize, int Batches, double ImagesPerSecond)
{
    private const int WarmUpBatches = 50, MeasuredBatches = 30;

    private static readonly TimeSpan s_warmUpLimit = TimeSpan.FromSeconds(10), s_limit = TimeSpan.FromSeconds(30);

    /// <summary>Measures the network of a configuration with freshly drawn weights, which take as long as others.</summary>
    public static ThroughputMeasurement Of(TrainingConfig config)
    {
        ConfigurationRules.Check(config);
        (string name, VisionModel model, _) = ConfiguredModel.Create(config);
        model.Initialize((ulong)config.Seed);
        model.Evaluate();
        model.OptimizeForInference();
        Batch batch = TrainingData.Open(config).Evaluation.Epoch(0).First();
        Tensor images = Tensor.From(batch.Images, [batch.Count, batch.ImageSize, batch.ImageSize, 3]);
        void Forward()
        {
            using var scope = MemoryScope.Enter();
            model.Forward(images);
        }

        Repeat(Forward, WarmUpBatches, s_warmUpLimit);
        (int count, TimeSpan elapsed) = Repeat(Forward, MeasuredBatches, s_limit);
        return new ThroughputMeasurement(name, batch.Count, count, count * batch.Count / elapsed.TotalSeconds);
    }

    // At most so many runs, and no new one after the limit.
    private static (int Count, TimeSpan Elapsed) Repeat(Action run, int most, TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        int count = 0;
        do
            run();
        while (++count < most && Stopwatch.GetElapsedTime(start) < limit);
        Device.Default.Synchronize();
        return (count, Stopwatch.GetElapsedTime(start));
    }
}
