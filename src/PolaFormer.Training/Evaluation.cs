using System.Diagnostics;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Training;

/// <summary>What a network achieves on a set of images.</summary>
/// <param name="Images">Images seen.</param>
/// <param name="Top1">Share of images whose label has the largest logit.</param>
/// <param name="Top5">Share of images whose label is among the five largest logits.</param>
/// <param name="Loss">Mean cross-entropy, without smoothing.</param>
/// <param name="Elapsed">Time, loading included.</param>
public sealed record Evaluation(long Images, double Top1, double Top5, double Loss, TimeSpan Elapsed)
{
    /// <summary>Speed, loading included.</summary>
    public double ImagesPerSecond => Images / Math.Max(Elapsed.TotalSeconds, 1e-9);

    /// <summary>Runs a network over a loader's images, in evaluation mode; its mode is restored afterwards.</summary>
    public static Evaluation Run(Module model, DataLoader loader) => Run(model, loader, CancellationToken.None)!;

    /// <summary>Runs a network over a loader's images, in evaluation mode; its mode is restored afterwards. Null where it was stopped.</summary>
    public static Evaluation? Run(Module model, DataLoader loader, CancellationToken stop)
    {
        bool wasTraining = model.IsTraining;
        model.Evaluate();
        var metrics = new Metrics();
        long start = Stopwatch.GetTimestamp();
        foreach (Batch batch in loader.Epoch(0))
        {
            if (stop.IsCancellationRequested)
                return null;
            using var scope = MemoryScope.Enter();
            Tensor images = Tensor.From(batch.Images, [batch.Count, batch.ImageSize, batch.ImageSize, 3]);
            Tensor logits = model.Forward(images);
            float loss = logits.CrossEntropy(SoftTargets.FromLabels(batch.Labels, logits.Shape[1], 0)).Mean().Item();
            metrics.Add(logits.AsSpan<float>(), batch.Labels, loss);
        }

        if (wasTraining)
            model.Train();
        return new Evaluation(metrics.Count, metrics.Top1, metrics.Top5, metrics.Loss, Stopwatch.GetElapsedTime(start));
    }
}
