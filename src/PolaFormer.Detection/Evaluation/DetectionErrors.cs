using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Data;

namespace PolaFormer.Detection.Evaluation;

/// <summary>What a detector did wrong on a data set, the worst first: boxes are matched by class from an overlap of 0.5 on, as in COCO's evaluation.</summary>
/// <param name="Misses">Objects that no detection found, large ones first.</param>
/// <param name="FalseAlarms">Detections that found no object, those of high scores first.</param>
public sealed record DetectionErrors(IReadOnlyList<DetectionError> Misses, IReadOnlyList<DetectionError> FalseAlarms)
{
    private static readonly EvaluationOptions s_options = new() { OverlapBounds = [0.5], Areas = [(0, 1e10)] };

    /// <summary>Looks for them.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="found">What was found in each of its images.</param>
    /// <param name="threshold">Detections of lower scores are left out.</param>
    public static DetectionErrors Of(CocoDataset dataset, IReadOnlyList<ImageDetections> found, float threshold)
    {
        (List<DetectionError> misses, List<DetectionError> alarms) = ([], []);
        for (int i = 0; i < dataset.Images.Count; i++)
        {
            CocoImage image = dataset.Images[i];
            ImageDetections detections = found[i].From(threshold);
            IEnumerable<int> labels = image.Annotations.Select(entry => dataset.LabelOf(entry.Category) ?? -1).Concat(detections.Labels).Distinct().Where(label => label >= 0);
            foreach (int label in labels)
                Add(dataset, image, detections, label, misses, alarms);
        }

        return new DetectionErrors([.. misses.OrderByDescending(miss => miss.Box.Area)], [.. alarms.OrderByDescending(alarm => alarm.Score)]);
    }

    private static void Add(CocoDataset dataset, CocoImage image, ImageDetections detections, int label, List<DetectionError> misses, List<DetectionError> alarms)
    {
        // Numbers of their own: annotations without one count as not found otherwise.
        EvaluatedObject[] objects = [.. image.Annotations.Where(entry => dataset.LabelOf(entry.Category) == label).Select((entry, j) => entry.ToEvaluated(image, hasMask: false) with { Id = j + 1 })];
        int[] order = [.. Enumerable.Range(0, detections.Count).Where(j => detections.Labels[j] == label).OrderByDescending(j => detections.Scores[j])];
        EvaluatedObject[] given = [.. order.Select(j => detections.Boxes[j]).Select((box, j) => new EvaluatedObject
        {
            Image = image.Id,
            Category = label,
            Box = (box.X1, box.Y1, box.Width, box.Height),
            Area = (double)box.Width * box.Height,
            Score = detections.Scores[order[j]],
        })];
        double[][] overlaps = [.. given.Select(detection => objects.Select(known => Masks.RunLengthMask.BoxOverlap(detection.Box, known.Box, known.IsCrowd)).ToArray())];
        var matches = ImageMatches.Of(given, objects, overlaps, s_options, s_options.Areas[0]);
        alarms.AddRange(order.Where((_, j) => !matches.IsMatched[0][j] && !matches.IsIgnored[0][j]).Select(j => new DetectionError(image, detections.Boxes[j], label, detections.Scores[j])));
        HashSet<int> isFound = [.. matches.Found[0]];
        misses.AddRange(objects.Where((known, j) => !known.IsCrowd && !isFound.Contains(j)).Select(known => new DetectionError(
            image, new Box((float)known.Box.X, (float)known.Box.Y, (float)(known.Box.X + known.Box.Width), (float)(known.Box.Y + known.Box.Height)), label, float.NaN)));
    }
}
