using System.Diagnostics;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Inference;
using PolaFormer.Segmentation.Losses;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Segmentation.Scoring;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training;
using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Training;

/// <summary>A network measured on a data set, at the size of its images.</summary>
/// <param name="Counts">Pixels of all images.</param>
/// <param name="Confusion">Pixels by label (rows) and prediction (columns).</param>
/// <param name="Images">The images in order.</param>
/// <param name="Loss">Mean loss of an image, at the resolution of the head.</param>
/// <param name="Elapsed">Time, loading included.</param>
public sealed record SegmentationEvaluation(PixelCounts Counts, long[,] Confusion, IReadOnlyList<ImageScore> Images, double Loss, TimeSpan Elapsed)
{
    /// <summary>Mean intersection over union, mean accuracy of the classes, accuracy of the pixels.</summary>
    public static IReadOnlyList<MetricDefinition> Metrics { get; } =
        [new("miou", "mIoU", HigherIsBetter: true, IsShare: true), new("macc", "mAcc", HigherIsBetter: true, IsShare: true), new("aacc", "aAcc", HigherIsBetter: true, IsShare: true)];

    /// <summary>The scores.</summary>
    public SegmentationScores Scores => new(Counts);

    /// <summary>Measures a network; its mode is restored afterwards. Null where it was stopped.</summary>
    /// <param name="network">The network.</param>
    /// <param name="data">The images.</param>
    /// <param name="pipeline">How they are prepared.</param>
    /// <param name="stop">Asks to stop.</param>
    /// <exception cref="ImageException">An image or mask cannot be read.</exception>
    public static SegmentationEvaluation? Run(Segmenter network, ISegmentationDataset data, TestPipeline pipeline, CancellationToken stop = default)
    {
        bool wasTraining = network.IsTraining;
        network.Evaluate();
        using GradMode mode = GradMode.Disable();
        long start = Stopwatch.GetTimestamp();
        int classes = network.NumClasses;
        var total = new PixelCounts(classes);
        long[,] confusion = new long[classes, classes];
        var scores = new List<ImageScore>();
        double loss = 0;
        for (int i = 0; i < data.Count; i++)
        {
            if (stop.IsCancellationRequested)
                return null;
            (Image photo, LabelMap labels) = data.Read(i);
            LabelMap prediction;
            using (photo)
            {
                (prediction, double ofImage) = Predict(network, photo, labels, pipeline);
                loss += ofImage;
            }

            var counts = new PixelCounts(classes);
            counts.Add(prediction.Values, labels.Values);
            total.Add(counts);
            for (int pixel = 0; pixel < labels.Values.Length; pixel++)
            {
                if (labels.Values[pixel] < classes)
                    confusion[labels.Values[pixel], prediction.Values[pixel]]++;
            }

            scores.Add(new ImageScore(i, new SegmentationScores(counts).MeanIoU));
        }

        if (wasTraining)
            network.Train();
        return new SegmentationEvaluation(total, confusion, scores, data.Count == 0 ? 0 : loss / data.Count, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>Loss and <see cref="Metrics"/>, as a trainer and <c>eval</c> take them.</summary>
    public Evaluation ToEvaluation()
    {
        int count = Math.Max(1, Images.Count);
        var metrics = new Metrics(Metrics);
        metrics.Add(count, Loss, Sums(Counts, count));
        return new Evaluation(metrics, Elapsed);
    }

    /// <summary>The <see cref="Metrics"/> of pixels, times a number of images; 0 for what no pixel tells.</summary>
    internal static double[] Sums(PixelCounts counts, int images)
    {
        var scores = new SegmentationScores(counts, nanToNum: null);
        return [.. new[] { scores.MeanIoU, scores.MeanAccuracy, scores.Accuracy }.Select(score => double.IsNaN(score) ? 0 : Math.Min(1, score) * images)];
    }

    /// <summary>The classes of an image by a network in evaluation, and its loss at the resolution of the head.</summary>
    /// <param name="network">The network.</param>
    /// <param name="photo">The image.</param>
    /// <param name="labels">Its classes.</param>
    /// <param name="pipeline">How it is prepared.</param>
    public static (LabelMap Prediction, double Loss) Predict(Segmenter network, Image photo, LabelMap labels, TestPipeline pipeline)
    {
        using GradMode mode = GradMode.Disable();
        using var scope = MemoryScope.Enter();
        NetworkInput input = pipeline.Apply(photo);
        Tensor logits = network.ForwardLogits(Tensor.From(input.Values, [1, input.Height, input.Width, Image.Channels], network.Device));
        double loss = PixelLoss.Of(logits, [labels.Resized(logits.Shape[2], logits.Shape[1])], network.Config.Head).Item();
        return (ClassMap.Of(logits, input, labels.Height, labels.Width, network.Config.Head.AlignCorners), loss);
    }
}
