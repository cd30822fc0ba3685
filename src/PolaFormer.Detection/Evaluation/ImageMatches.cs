namespace PolaFormer.Detection.Evaluation;

/// <summary>What was found of one class in an image, at one range of areas.</summary>
/// <param name="Scores">Of the detections, falling.</param>
/// <param name="IsMatched">For each bound, whether each detection found an object.</param>
/// <param name="IsIgnored">For each bound, whether each detection does not count.</param>
/// <param name="Objects">How many objects count.</param>
/// <param name="Found">For each bound and detection the place of its object in the list of objects, −1 for none.</param>
public sealed record ImageMatches(double[] Scores, bool[][] IsMatched, bool[][] IsIgnored, int Objects, int[][] Found)
{
    /// <summary>Matches detections by falling score.</summary>
    /// <param name="detections">Sorted by score.</param>
    /// <param name="objects">Annotations.</param>
    /// <param name="overlaps">A row for each detection.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="areas">The areas that count.</param>
    public static ImageMatches Of(IReadOnlyList<EvaluatedObject> detections, IReadOnlyList<EvaluatedObject> objects, double[][] overlaps, EvaluationOptions options, (double From, double To) areas)
    {
        bool IsOutside(EvaluatedObject entry) => entry.Area < areas.From || entry.Area > areas.To;
        int[] order = [.. Enumerable.Range(0, objects.Count).OrderBy(i => objects[i].IsCrowd || IsOutside(objects[i]) ? 1 : 0)];
        bool[] isIgnored = [.. order.Select(i => objects[i].IsCrowd || IsOutside(objects[i]))];
        int bounds = options.OverlapBounds.Count;
        (bool[][] matched, bool[][] ignored, int[][] found) = (new bool[bounds][], new bool[bounds][], new int[bounds][]);
        for (int t = 0; t < bounds; t++)
        {
            (matched[t], ignored[t], found[t]) = (new bool[detections.Count], new bool[detections.Count], new int[detections.Count]);
            bool[] isTaken = new bool[order.Length];
            for (int d = 0; d < detections.Count; d++)
            {
                int match = Best(order, objects, isIgnored, isTaken, overlaps[d], Math.Min(options.OverlapBounds[t], 1 - 1e-10));
                found[t][d] = match < 0 ? -1 : order[match];

                // pycocotools notes matches by the annotation's number, and takes 0 for none.
                matched[t][d] = match >= 0 && objects[order[match]].Id != 0;
                ignored[t][d] = match >= 0 && isIgnored[match];
                if (match >= 0)
                    isTaken[match] = true;
                if (!matched[t][d])
                    ignored[t][d] |= IsOutside(detections[d]);
            }
        }

        return new ImageMatches([.. detections.Select(detection => detection.Score)], matched, ignored, isIgnored.Count(ignores => !ignores), found);
    }

    private static int Best(int[] order, IReadOnlyList<EvaluatedObject> objects, bool[] isIgnored, bool[] isTaken, double[] overlaps, double bound)
    {
        int match = -1;
        for (int g = 0; g < order.Length; g++)
        {
            if (isTaken[g] && !objects[order[g]].IsCrowd)
                continue;
            if (match >= 0 && !isIgnored[match] && isIgnored[g])
                break;
            if (overlaps[order[g]] < bound)
                continue;
            (bound, match) = (overlaps[order[g]], g);
        }

        return match;
    }
}
