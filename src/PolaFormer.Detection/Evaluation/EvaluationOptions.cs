namespace PolaFormer.Detection.Evaluation;

/// <summary>How detections are compared with annotations; COCO's own rules unless set.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Overlaps from which on a detection finds an object: 0.5 to 0.95 in ten steps.</summary>
    public IReadOnlyList<double> OverlapBounds { get; init; } = Linear(0.5, 0.95, 10);

    /// <summary>Recalls at which precision is read: 0 to 1 in 101 steps.</summary>
    public IReadOnlyList<double> Recalls { get; init; } = Linear(0, 1, 101);

    /// <summary>Most detections of an image and class, ascending; three numbers.</summary>
    public IReadOnlyList<int> MaxDetections { get; init; } = [1, 10, 100];

    /// <summary>Ranges of areas in pixels, both ends included: all, small, medium, large.</summary>
    public IReadOnlyList<(double From, double To)> Areas { get; init; } = [(0, 1e10), (0, 32 * 32), (32 * 32, 96 * 96), (96 * 96, 1e10)];

    /// <summary>Whether classes count; else all objects are of one.</summary>
    public bool UsesCategories { get; init; } = true;

    /// <summary>Whether masks are compared; else boxes.</summary>
    public bool ComparesMasks { get; init; }

    // As NumPy's linspace: the last value is the end itself.
    private static double[] Linear(double from, double to, int count)
    {
        double step = (to - from) / (count - 1);
        double[] values = [.. Enumerable.Range(0, count).Select(i => (i * step) + from)];
        values[^1] = to;
        return values;
    }
}
