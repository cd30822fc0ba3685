using System.Diagnostics;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Evaluation;
using PolaFormer.Distributed;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Detection.Training;

/// <summary>A detector measured on a data set by COCO's rules.</summary>
/// <param name="Tables">The tables of boxes and, where the network has them, masks.</param>
/// <param name="Found">What was found in each image.</param>
/// <param name="Elapsed">Time, loading included.</param>
public sealed record DetectionMeasurement(IReadOnlyList<EvaluationTable> Tables, IReadOnlyList<ImageDetections> Found, TimeSpan Elapsed)
{
    /// <summary>Average precision of boxes and masks.</summary>
    /// <param name="hasMasks">Whether the network has masks.</param>
    public static IReadOnlyList<MetricDefinition> Metrics(bool hasMasks)
    {
        return hasMasks
            ? [Precision("box_ap", "box AP"), Precision("box_ap50", "box AP50"), Precision("mask_ap", "mask AP"), Precision("mask_ap50", "mask AP50")]
            : [Precision("box_ap", "box AP"), Precision("box_ap50", "box AP50"), Precision("box_ap75", "box AP75")];

        static MetricDefinition Precision(string key, string title) => new(key, title, HigherIsBetter: true, IsShare: true);
    }

    /// <summary>Finds the objects of every image, one at a time, and compares them with the annotations; the network's mode is restored afterwards. Null where it was stopped.</summary>
    /// <param name="network">The network.</param>
    /// <param name="data">The images.</param>
    /// <param name="scale">Limits of an image's long and short side in pixels.</param>
    /// <param name="stop">Requests the stop.</param>
    /// <param name="workers">Those that share the images, each reading its own; the result is that of all, on each. This process alone where null.</param>
    /// <exception cref="Vision.ImageException">An image cannot be read.</exception>
    public static DetectionMeasurement? Run(Detector network, IDetectionDataset data, (int Long, int Short) scale, CancellationToken stop = default, WorkerGroup? workers = null)
    {
        var clock = Stopwatch.StartNew();
        bool wasTraining = network.IsTraining;
        network.Evaluate();
        var pipeline = DetectionPipeline.ForTest(scale.Long, scale.Short);
        var own = new List<ImageDetections>();
        workers ??= WorkerGroup.Single;
        (int first, int end) = workers.ShareOf(data.Images.Count);
        using (GradMode.Disable())
        {
            for (int i = first; i < end; i++)
            {
                if (stop.IsCancellationRequested)
                    return null;
                using var scope = MemoryScope.Enter();
                AnnotatedImage photo = data.Read(data.Images[i]);
                (Tensor images, ImageInfo[] infos, _) = DetectionInput.Batch([pipeline.Apply(AnnotatedImage.Of(photo.Image), new SampleRandom(0, 0, 0))], network.Device);
                own.Add(network.Detect(images, infos)[0]);
            }
        }

        if (wasTraining)
            network.Train();
        IReadOnlyList<ImageDetections> found = workers.GatherAll(own, ImageDetections.Write, ImageDetections.Read);
        var dataset = new CocoDataset(data.Images, data.Annotations.Categories);
        EvaluationTable[] tables = [.. (network.HasMasks ? (bool[])[false, true] : [false]).Select(comparesMasks => CocoResults.Evaluate(dataset, found, comparesMasks))];
        return new DetectionMeasurement(tables, found, clock.Elapsed);
    }

    /// <summary>The <see cref="Metrics"/>, as a trainer and <c>eval</c> take them.</summary>
    public PolaFormer.Training.Evaluation ToEvaluation()
    {
        bool hasMasks = Tables.Count > 1;
        double[] values = hasMasks ? [.. Tables.SelectMany(table => table.Summary.Take(2))] : [.. Tables[0].Summary.Take(3)];
        int count = Math.Max(1, Found.Count);
        var metrics = new Metrics(Metrics(hasMasks));
        metrics.Add(count, double.NaN, [.. values.Select(value => Math.Max(0, value) * count)]);
        return new PolaFormer.Training.Evaluation(metrics, Elapsed);
    }
}
