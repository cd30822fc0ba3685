using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Data;

namespace PolaFormer.Detection.Evaluation;

/// <summary>Detections of a data set as COCO's result files have them, and their evaluation.</summary>
public static class CocoResults
{
    /// <summary>The results of all images, class after class in each.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="found">Detections of each of its images.</param>
    /// <param name="hasMasks">Whether masks are written.</param>
    public static IReadOnlyList<CocoResult> Of(CocoDataset dataset, IReadOnlyList<ImageDetections> found, bool hasMasks) =>
        [.. dataset.Images.SelectMany((image, i) => Of(found[i], image.Id, label => dataset.Categories[label].Id, hasMasks))];

    /// <summary>The results of an image, class after class.</summary>
    public static IEnumerable<CocoResult> Of(ImageDetections found, long image, Func<int, long> categoryOf, bool hasMasks)
    {
        ImageDetections ordered = found.ByClass();
        return Enumerable.Range(0, ordered.Count).Select(i =>
        {
            Box box = ordered.Boxes[i];
            CocoRuns? runs = hasMasks && ordered.Masks is { } masks ? new CocoRuns([masks[i].Height, masks[i].Width], masks[i].ToString()) : null;
            return new CocoResult(image, categoryOf(ordered.Labels[i]), [box.X1, box.Y1, box.Width, box.Height], ordered.Scores[i], runs);
        });
    }

    /// <summary>Compares the detections of all images with the annotations.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="found">Detections of each of its images.</param>
    /// <param name="comparesMasks">Whether masks are compared; else boxes.</param>
    /// <param name="maxDetections">Most detections of an image and class, ascending; COCO's 1, 10 and 100 where null.</param>
    public static EvaluationTable Evaluate(CocoDataset dataset, IReadOnlyList<ImageDetections> found, bool comparesMasks, IReadOnlyList<int>? maxDetections = null)
    {
        var options = new EvaluationOptions { ComparesMasks = comparesMasks };
        if (maxDetections is not null)
            options = options with { MaxDetections = maxDetections };
        return DetectionEvaluation.Run(
            dataset.Images.Select(image => image.Id),
            dataset.Categories.Select(category => category.Id),
            dataset.Images.SelectMany(image => image.Annotations.Select(entry => entry.ToEvaluated(image, comparesMasks))),
            dataset.Images.SelectMany((image, i) => Evaluated(found[i].ByClass(), image, dataset, comparesMasks)),
            options);
    }

    private static IEnumerable<EvaluatedObject> Evaluated(ImageDetections found, CocoImage image, CocoDataset dataset, bool comparesMasks) => Enumerable.Range(0, found.Count).Select(i => new EvaluatedObject
    {
        Image = image.Id,
        Category = dataset.Categories[found.Labels[i]].Id,
        Box = (found.Boxes[i].X1, found.Boxes[i].Y1, found.Boxes[i].Width, found.Boxes[i].Height),
        Area = comparesMasks ? found.Masks![i].Area : (double)found.Boxes[i].Width * found.Boxes[i].Height,
        Score = found.Scores[i],
        Mask = comparesMasks ? found.Masks![i] : null,
    });
}
