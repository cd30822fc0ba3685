namespace PolaFormer.Training;

/// <summary>A part of a step's gradients, which workers add up as soon as it is complete.</summary>
/// <param name="Start">Place of its first number.</param>
/// <param name="End">Place behind its last one.</param>
/// <param name="EndOfParameters">Parameters that are complete before it leaves, in their order; one more than there are where the numbers behind them belong to it.</param>
internal readonly record struct GradientPart(int Start, int End, int EndOfParameters)
{
    // Large enough that a message's start costs little beside its bytes, small enough that the first leaves early.
    private const int Longest = 1 << 20, Shortest = 1 << 14;

    // The backward pass hides no part that it completes last: each is a share of what is left, so that the last ones are short.
    private const int ShareOfRest = 4;

    /// <summary>Cuts gradients into parts of whole parameters.</summary>
    /// <param name="counts">Numbers of every parameter, in the order in which backward passes complete them.</param>
    /// <param name="length">Numbers in all: those of the parameters, and others behind them.</param>
    public static GradientPart[] Plan(IReadOnlyList<int> counts, int length)
    {
        var parts = new List<GradientPart>();
        (int start, int end) = (0, 0);
        for (int i = 0; i < counts.Count; i++)
        {
            end += counts[i];
            if (end - start < Math.Clamp((length - start) / ShareOfRest, Shortest, Longest))
                continue;
            parts.Add(new GradientPart(start, end, i + 1));
            start = end;
        }

        return [.. parts, new GradientPart(start, length, counts.Count + 1)];
    }
}
