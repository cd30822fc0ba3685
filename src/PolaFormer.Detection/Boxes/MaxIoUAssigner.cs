using PolaFormer.Tensors;

namespace PolaFormer.Detection.Boxes;

/// <summary>
/// Says which object each box is to find: that of its largest overlap from a bound on, none below another, and, low quality on,
/// to each object at least the boxes that overlap it best (mmdetection's MaxIoUAssigner). Overlaps are compared as float32.
/// </summary>
public sealed record MaxIoUAssigner
{
    /// <summary>From this overlap on a box is positive.</summary>
    public required float PositiveOverlap { get; init; }

    /// <summary>Below this overlap a box is negative.</summary>
    public required float NegativeOverlap { get; init; }

    /// <summary>From this overlap on a box may be negative.</summary>
    public float NegativeFrom { get; init; }

    /// <summary>An object whose best overlap reaches this claims the boxes that have it.</summary>
    public float MinimalPositiveOverlap { get; init; }

    /// <summary>Whether objects claim their best boxes.</summary>
    public bool MatchesLowQuality { get; init; } = true;

    /// <summary>Whether all boxes of the best overlap are claimed; else the first alone.</summary>
    public bool ClaimsAll { get; init; } = true;

    /// <summary>A box that lies in an ignored region by more than this part is ignored; negative for never.</summary>
    public float IgnoredPart { get; init; } = -1;

    /// <summary>Whether that part is one of the box; else of the region.</summary>
    public bool IgnoresByBox { get; init; } = true;

    /// <summary>Assigns boxes to objects.</summary>
    /// <param name="boxes">Anchors or proposals.</param>
    /// <param name="objects">What is in the image.</param>
    /// <param name="labels">The classes of the objects; null where there is no distinction, and all are class 0.</param>
    /// <param name="ignored">Regions of crowds.</param>
    public Assignment Assign(ReadOnlySpan<Box> boxes, ReadOnlySpan<Box> objects, IReadOnlyList<int>? labels, ReadOnlySpan<Box> ignored)
    {
        int count = boxes.Length;
        int[] assigned = new int[count];
        float[] best = new float[count];
        if (objects.Length == 0 || count == 0)
            return new Assignment(assigned, best, [.. Enumerable.Repeat(-1, count)]);

        float[] overlaps = Overlaps.Of(objects, boxes);
        Exclude(overlaps, boxes, ignored);
        int[] claim = new int[count];
        Array.Fill(best, float.NegativeInfinity);
        for (int i = 0; i < objects.Length; i++)
        {
            for (int j = 0; j < count; j++)
            {
                if (overlaps[(i * count) + j] > best[j])
                    (best[j], claim[j]) = (overlaps[(i * count) + j], i);
            }
        }

        for (int j = 0; j < count; j++)
            assigned[j] = best[j] >= PositiveOverlap ? claim[j] + 1 : best[j] >= NegativeFrom && best[j] < NegativeOverlap ? 0 : -1;
        if (MatchesLowQuality)
            ClaimBest(overlaps, objects.Length, assigned);
        return new Assignment(assigned, best, Array.ConvertAll(assigned, number => number <= 0 ? -1 : labels?[number - 1] ?? 0));
    }

    private void Exclude(float[] overlaps, ReadOnlySpan<Box> boxes, ReadOnlySpan<Box> ignored)
    {
        if (IgnoredPart <= 0 || ignored.Length == 0)
            return;
        int count = boxes.Length;
        float[] parts = IgnoresByBox
            ? Overlaps.Of(boxes, ignored, OverlapMode.IntersectionOverFirst)
            : Overlaps.Of(ignored, boxes, OverlapMode.IntersectionOverFirst);
        for (int j = 0; j < count; j++)
        {
            float largest = float.NegativeInfinity;
            for (int i = 0; i < ignored.Length; i++)
                largest = Math.Max(largest, IgnoresByBox ? parts[(j * ignored.Length) + i] : parts[(i * count) + j]);
            for (int i = j; i < overlaps.Length && largest > IgnoredPart; i += count)
                overlaps[i] = -1;
        }
    }

    private void ClaimBest(float[] overlaps, int objects, int[] assigned)
    {
        for (int i = 0; i < objects; i++)
        {
            ReadOnlySpan<float> row = overlaps.AsSpan(i * assigned.Length, assigned.Length);
            float best = row[0];
            foreach (float overlap in row)
                best = Math.Max(best, overlap);
            if (best < MinimalPositiveOverlap)
                continue;
            for (int j = row.IndexOf(best); j < row.Length; j++)
            {
                if (row[j] != best)
                    continue;
                assigned[j] = i + 1;
                if (!ClaimsAll)
                    break;
            }
        }
    }
}
