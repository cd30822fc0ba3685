using System.Diagnostics;
using System.Runtime.InteropServices;
using PolaFormer.Distributed;
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
    /// <param name="workers">Those that share the images, each reading its own; the result is that of all, on each. This process alone where null.</param>
    /// <exception cref="ImageException">An image or mask cannot be read.</exception>
    public static SegmentationEvaluation? Run(Segmenter network, ISegmentationDataset data, TestPipeline pipeline, CancellationToken stop = default, WorkerGroup? workers = null)
    {
        bool wasTraining = network.IsTraining;
        network.Evaluate();
        using GradMode mode = GradMode.Disable();
        long start = Stopwatch.GetTimestamp();
        int classes = network.NumClasses;
        var total = new PixelCounts(classes);
        long[,] confusion = new long[classes, classes];
        var images = new List<(ImageScore Score, double Loss)>();
        workers ??= WorkerGroup.Single;
        (int first, int end) = workers.ShareOf(data.Count);
        for (int i = first; i < end; i++)
        {
            if (stop.IsCancellationRequested)
                return null;
            (Image photo, LabelMap labels) = data.Read(i);
            LabelMap prediction;
            double loss;
            using (photo)
                (prediction, loss) = Predict(network, photo, labels, pipeline);

            var counts = new PixelCounts(classes);
            counts.Add(prediction.Values, labels.Values);
            total.Add(counts);
            for (int pixel = 0; pixel < labels.Values.Length; pixel++)
            {
                if (labels.Values[pixel] < classes)
                    confusion[labels.Values[pixel], prediction.Values[pixel]]++;
            }

            images.Add((new ImageScore(i, new SegmentationScores(counts).MeanIoU), loss));
        }

        if (wasTraining)
            network.Train();
        IReadOnlyList<(ImageScore Score, double Loss)> all = workers.GatherAll(images, Write, Read);
        Sum(workers, total.Intersection);
        Sum(workers, total.Predicted);
        Sum(workers, total.Labelled);
        Sum(workers, MemoryMarshal.CreateSpan(ref confusion[0, 0], confusion.Length));
        return new SegmentationEvaluation(total, confusion, [.. all.Select(image => image.Score)], data.Count == 0 ? 0 : all.Sum(image => image.Loss) / data.Count, Stopwatch.GetElapsedTime(start));
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

    // Each worker's images are neighbours, so that the order is that of the data set.
    private static void Write(BinaryWriter writer, (ImageScore Score, double Loss) image)
    {
        writer.Write(image.Score.Index);
        writer.Write(image.Score.MeanIoU);
        writer.Write(image.Loss);
    }

    private static (ImageScore Score, double Loss) Read(BinaryReader reader) => (new ImageScore(reader.ReadInt32(), reader.ReadDouble()), reader.ReadDouble());

    private static void Sum(WorkerGroup workers, Span<long> counts) => workers.SumOf(counts).CopyTo(counts);
}
