namespace PolaFormer.Detection.Boxes;

/// <summary>Chooses which boxes a loss is taken of: some positive, the rest negative (mmdetection's RandomSampler).</summary>
public sealed record RandomSampler
{
    /// <summary>Boxes in all.</summary>
    public required int Count { get; init; }

    /// <summary>The largest part of them that is positive.</summary>
    public required float PositivePart { get; init; }

    /// <summary>Most negatives for a positive one; negative for any number.</summary>
    public float NegativesPerPositive { get; init; } = -1;

    /// <summary>Whether the objects' own boxes stand before the others.</summary>
    public bool AddsObjects { get; init; }

    /// <summary>Chooses.</summary>
    /// <param name="assignment">What the boxes stand for.</param>
    /// <param name="boxes">The boxes.</param>
    /// <param name="objects">The objects.</param>
    /// <param name="labels">Their classes; null for one class.</param>
    /// <param name="permute">A permutation of so many numbers: the first of it are chosen.</param>
    public SampledBoxes Sample(Assignment assignment, ReadOnlySpan<Box> boxes, ReadOnlySpan<Box> objects, IReadOnlyList<int>? labels, Func<int, int[]> permute)
    {
        int added = AddsObjects ? objects.Length : 0;
        Box[] all = [.. objects[..added], .. boxes];
        if (added > 0)
            assignment = assignment.WithObjects(labels ?? [.. Enumerable.Repeat(0, added)]);
        int[] positive = Choose(Indices(assignment, number => number > 0), (int)(Count * PositivePart), permute);
        int negatives = Count - positive.Length;
        if (NegativesPerPositive >= 0)
            negatives = Math.Min(negatives, (int)(NegativesPerPositive * Math.Max(1, positive.Length)));
        int[] negative = Choose(Indices(assignment, number => number == 0), negatives, permute);
        return SampledBoxes.From(assignment, all, objects, positive, negative, added);
    }

    private static int[] Indices(Assignment assignment, Func<int, bool> isWanted) =>
        [.. Enumerable.Range(0, assignment.Objects.Length).Where(i => isWanted(assignment.Objects[i]))];

    private static int[] Choose(int[] pool, int count, Func<int, int[]> permute) =>
        pool.Length <= count ? pool : [.. permute(pool.Length).Take(count).Select(i => pool[i]).Order()];
}
