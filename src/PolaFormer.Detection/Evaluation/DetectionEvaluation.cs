using PolaFormer.Detection.Masks;

namespace PolaFormer.Detection.Evaluation;

/// <summary>
/// COCO's evaluation of detections, equal to pycocotools: in each image and class detections are matched by falling score to the
/// object that they overlap most, crowds may be matched again and do not count, as objects and detections of other sizes do not.
/// </summary>
public static class DetectionEvaluation
{
    /// <summary>Compares detections with annotations.</summary>
    /// <param name="images">Numbers of the images that are evaluated.</param>
    /// <param name="categories">Numbers of the categories.</param>
    /// <param name="objects">The annotations, in the order of their file.</param>
    /// <param name="detections">What was found; of equal scores the first is the better one.</param>
    /// <param name="options">Bounds and ranges.</param>
    public static EvaluationTable Run(IEnumerable<long> images, IEnumerable<long> categories, IEnumerable<EvaluatedObject> objects, IEnumerable<EvaluatedObject> detections, EvaluationOptions options)
    {
        long[] imageIds = [.. images.Distinct().Order()], categoryIds = [.. categories.Distinct().Order()];
        Dictionary<(long Image, long Category), List<EvaluatedObject>> truth = Grouped(objects, options, categoryIds);
        Dictionary<(long Image, long Category), List<EvaluatedObject>> found = Grouped(detections, options, categoryIds);
        long[] classes = options.UsesCategories ? categoryIds : [-1];
        var table = new EvaluationTable(options, classes);
        for (int k = 0; k < classes.Length; k++)
        {
            // Matches of one class at a time: their sum over all classes is not needed.
            var matches = new List<ImageMatches>[options.Areas.Count];
            for (int a = 0; a < matches.Length; a++)
                matches[a] = [];
            foreach (long image in imageIds)
            {
                List<EvaluatedObject> expected = truth.GetValueOrDefault((image, classes[k]), []), given = found.GetValueOrDefault((image, classes[k]), []);
                if (expected.Count == 0 && given.Count == 0)
                    continue;
                EvaluatedObject[] best = [.. given.OrderByDescending(detection => detection.Score).Take(options.MaxDetections[^1])];
                double[][] overlaps = [.. best.Select(detection => expected.Select(known => Overlap(detection, known, options)).ToArray())];
                for (int a = 0; a < matches.Length; a++)
                    matches[a].Add(ImageMatches.Of(best, expected, overlaps, options, options.Areas[a]));
            }

            for (int a = 0; a < matches.Length; a++)
            {
                for (int m = 0; m < options.MaxDetections.Count; m++)
                    table.Accumulate(k, a, m, matches[a]);
            }
        }

        return table;
    }

    private static Dictionary<(long Image, long Category), List<EvaluatedObject>> Grouped(IEnumerable<EvaluatedObject> objects, EvaluationOptions options, long[] categories)
    {
        var known = new HashSet<long>(categories);
        IEnumerable<EvaluatedObject> wanted = objects.Where(entry => known.Contains(entry.Category));
        if (!options.UsesCategories)
            wanted = wanted.OrderBy(entry => entry.Category);
        var groups = new Dictionary<(long, long), List<EvaluatedObject>>();
        foreach (EvaluatedObject entry in wanted)
        {
            (long Image, long Category) key = (entry.Image, options.UsesCategories ? entry.Category : -1);
            if (!groups.TryGetValue(key, out List<EvaluatedObject>? list))
                groups[key] = list = [];
            list.Add(entry);
        }

        return groups;
    }

    private static double Overlap(EvaluatedObject detection, EvaluatedObject known, EvaluationOptions options) => options.ComparesMasks
        ? detection.Mask!.OverlapWith(known.Mask!, known.IsCrowd)
        : RunLengthMask.BoxOverlap(detection.Box, known.Box, known.IsCrowd);
}
