namespace PolaFormer.Detection.Boxes;

/// <summary>The boxes of an image that a loss is taken of, with what they are to find.</summary>
public sealed record SampledBoxes
{
    /// <summary>Numbers of the positive boxes, ascending.</summary>
    public required int[] Positive { get; init; }

    /// <summary>Numbers of the negative boxes, ascending.</summary>
    public required int[] Negative { get; init; }

    /// <summary>The positive boxes.</summary>
    public required Box[] PositiveBoxes { get; init; }

    /// <summary>The negative boxes.</summary>
    public required Box[] NegativeBoxes { get; init; }

    /// <summary>The number of each positive box's object, from 0.</summary>
    public required int[] Objects { get; init; }

    /// <summary>The box of each positive box's object.</summary>
    public required Box[] ObjectBoxes { get; init; }

    /// <summary>The class of each positive box's object.</summary>
    public required int[] Labels { get; init; }

    /// <summary>Which positive boxes are objects that were added.</summary>
    public required bool[] IsObject { get; init; }

    /// <summary>The positive boxes, then the negative ones.</summary>
    public Box[] Boxes => [.. PositiveBoxes, .. NegativeBoxes];

    /// <summary>Every positive and every negative box.</summary>
    public static SampledBoxes All(Assignment assignment, ReadOnlySpan<Box> boxes, ReadOnlySpan<Box> objects)
    {
        int[] Of(Func<int, bool> isWanted) => [.. Enumerable.Range(0, assignment.Objects.Length).Where(i => isWanted(assignment.Objects[i]))];
        return From(assignment, boxes.ToArray(), objects, Of(number => number > 0), Of(number => number == 0), 0);
    }

    internal static SampledBoxes From(Assignment assignment, Box[] boxes, ReadOnlySpan<Box> objects, int[] positive, int[] negative, int added)
    {
        Box[] known = objects.ToArray();
        int[] numbers = [.. positive.Select(i => assignment.Objects[i] - 1)];
        return new SampledBoxes
        {
            Positive = positive,
            Negative = negative,
            PositiveBoxes = [.. positive.Select(i => boxes[i])],
            NegativeBoxes = [.. negative.Select(i => boxes[i])],
            Objects = numbers,
            ObjectBoxes = [.. numbers.Select(i => known[i])],
            Labels = [.. positive.Select(i => assignment.Labels[i])],
            IsObject = [.. positive.Select(i => i < added)],
        };
    }
}
