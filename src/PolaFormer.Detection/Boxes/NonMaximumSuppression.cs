using System.Numerics;

namespace PolaFormer.Detection.Boxes;

/// <summary>
/// Keeps the best of boxes that overlap: by falling score, the lower number first among equals, a box goes when it overlaps a kept
/// one by more than the bound (mmcv's nms, float32).
/// </summary>
public static class NonMaximumSuppression
{
    /// <summary>From so many boxes on, classes are gone through one by one.</summary>
    public const int SplitCount = 10000;

    /// <summary>The numbers of the boxes that stay, by falling score.</summary>
    /// <param name="boxes">The boxes.</param>
    /// <param name="scores">Their scores.</param>
    /// <param name="bound">Largest overlap that is allowed.</param>
    /// <param name="most">Most boxes that stay; negative for all.</param>
    /// <param name="scoreBound">Boxes whose score is not above are left out; 0 for none.</param>
    public static int[] Keep(ReadOnlySpan<Box> boxes, ReadOnlySpan<float> scores, float bound, int most = -1, float scoreBound = 0)
    {
        int[] order = ByScore(scores);
        if (most == 0)
            return [];
        int count = order.Length, padded = count + Vector<float>.Count;
        var kept = new List<int>();
        var sides = new Sides(padded);
        int[] isGone = new int[padded];
        for (int i = 0; i < count; i++)
        {
            sides.Set(i, boxes[order[i]]);
            isGone[i] = scoreBound > 0 && !(scores[order[i]] > scoreBound) ? -1 : 0;
        }

        for (int i = 0; i < count; i++)
        {
            if (isGone[i] != 0)
                continue;
            kept.Add(order[i]);
            if (kept.Count == most)
                break;
            sides.Mark(i, count, bound, isGone);
        }

        return [.. kept];
    }

    /// <summary>
    /// The same where boxes of different groups do not compete: groups are moved apart by the largest coordinate, so that one pass
    /// does for all; from <paramref name="split"/> boxes on, a pass for each.
    /// </summary>
    /// <param name="boxes">The boxes.</param>
    /// <param name="scores">Their scores.</param>
    /// <param name="groups">Class or level of each.</param>
    /// <param name="bound">Largest overlap that is allowed; null where all boxes stay and are sorted alone.</param>
    /// <param name="most">Most boxes that stay; negative for all.</param>
    /// <param name="split">See above.</param>
    public static int[] KeepByGroup(ReadOnlySpan<Box> boxes, ReadOnlySpan<float> scores, ReadOnlySpan<int> groups, float? bound, int most = -1, int split = SplitCount)
    {
        if (bound is not { } allowed)
            return Cut(ByScore(scores), most);
        var apart = new Box[boxes.Length];
        float largest = float.NegativeInfinity;
        foreach (Box box in boxes)
            largest = Math.Max(largest, Math.Max(Math.Max(box.X1, box.Y1), Math.Max(box.X2, box.Y2)));
        for (int i = 0; i < apart.Length; i++)
        {
            float offset = groups[i] * (largest + 1);
            apart[i] = new Box(boxes[i].X1 + offset, boxes[i].Y1 + offset, boxes[i].X2 + offset, boxes[i].Y2 + offset);
        }

        if (boxes.Length < split)
            return Keep(apart, scores, allowed, most);
        var members = new Dictionary<int, List<int>>();
        for (int i = 0; i < groups.Length; i++)
        {
            if (!members.TryGetValue(groups[i], out List<int>? list))
                members[groups[i]] = list = [];
            list.Add(i);
        }

        float[] all = scores.ToArray();
        IEnumerable<int> kept = members.Values.SelectMany(list => Keep([.. list.Select(i => apart[i])], [.. list.Select(i => all[i])], allowed).Select(i => list[i]));
        return Cut([.. kept.Order().OrderByDescending(i => all[i])], most);
    }

    /// <summary>The best of all classes: those above a score, then by class.</summary>
    /// <param name="boxes">(n) boxes for all classes, or (n · classes) of their own.</param>
    /// <param name="scores">(n, classes + 1), background last.</param>
    /// <param name="classes">Classes without background.</param>
    /// <param name="scoreBound">Scores are to be above.</param>
    /// <param name="bound">Largest overlap that is allowed; null for any.</param>
    /// <param name="most">Most boxes that stay; negative for all.</param>
    /// <returns>Numbers n·classes + class of what stays.</returns>
    public static int[] KeepByClass(ReadOnlySpan<Box> boxes, ReadOnlySpan<float> scores, int classes, float scoreBound, float? bound, int most = -1)
    {
        int rows = scores.Length / (classes + 1);
        bool isShared = boxes.Length == rows;
        var numbers = new List<int>();
        var candidates = new List<Box>();
        var values = new List<float>();
        for (int i = 0; i < rows * classes; i++)
        {
            float score = scores[(i / classes * (classes + 1)) + (i % classes)];
            if (!(score > scoreBound))
                continue;
            numbers.Add(i);
            candidates.Add(boxes[isShared ? i / classes : i]);
            values.Add(score);
        }

        int[] kept = KeepByGroup([.. candidates], [.. values], [.. numbers.Select(i => i % classes)], bound, most);
        return [.. kept.Select(i => numbers[i])];
    }

    /// <summary>The numbers of scores, the highest first, equal ones in order.</summary>
    public static int[] ByScore(ReadOnlySpan<float> scores)
    {
        ulong[] keys = KeysOf(scores);
        Array.Sort(keys);
        return Array.ConvertAll(keys, key => (int)(uint)key);
    }

    /// <summary>The first of <see cref="ByScore"/>: so many, or all where there are fewer. Of many scores those that cannot be among them are not sorted.</summary>
    public static int[] BestByScore(ReadOnlySpan<float> scores, int count)
    {
        if (count >= scores.Length)
            return ByScore(scores);
        ulong[] keys = KeysOf(scores);

        // Scores are counted by their leading bits: what lies behind the bits at which there are enough is left out.
        const int shift = 48;
        int[] counts = new int[1 << (64 - shift)];
        foreach (ulong key in keys)
            counts[key >> shift]++;
        ulong last = 0;
        for (int found = counts[0]; found < count; found += counts[last])
            last++;
        ulong[] best = Array.FindAll(keys, key => key >> shift <= last);
        Array.Sort(best);
        return Array.ConvertAll(best[..count], key => (int)(uint)key);
    }

    // A score's bits, turned so that they fall as it rises, and the number behind them: one word is compared, not two.
    private static ulong[] KeysOf(ReadOnlySpan<float> scores)
    {
        ulong[] keys = new ulong[scores.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(scores[i] + 0f), rising = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
            keys[i] = ((ulong)(float.IsNaN(scores[i]) ? uint.MaxValue : ~rising) << 32) | (uint)i;
        }

        return keys;
    }

    private static int[] Cut(int[] kept, int most) => most >= 0 && most < kept.Length ? kept[..most] : kept;

    // Boxes by side, so that one is compared with several at once.
    private readonly struct Sides(int length)
    {
        private readonly float[] _left = new float[length], _top = new float[length], _right = new float[length], _bottom = new float[length], _areas = new float[length];

        public void Set(int i, Box box) => (_left[i], _top[i], _right[i], _bottom[i], _areas[i]) = (box.X1, box.Y1, box.X2, box.Y2, box.Area);

        // Marks the boxes behind one that overlap it by more than a bound.
        public void Mark(int one, int count, float bound, int[] isGone)
        {
            Vector<float> left = new(_left[one]), top = new(_top[one]), right = new(_right[one]), bottom = new(_bottom[one]), area = new(_areas[one]), limit = new(bound);
            for (int j = one + 1; j < count; j += Vector<float>.Count)
            {
                Vector<float> width = Vector.Max(Vector<float>.Zero, Vector.Min(right, new Vector<float>(_right, j)) - Vector.Max(left, new Vector<float>(_left, j)));
                Vector<float> height = Vector.Max(Vector<float>.Zero, Vector.Min(bottom, new Vector<float>(_bottom, j)) - Vector.Max(top, new Vector<float>(_top, j)));
                Vector<float> shared = width * height, overlap = shared / (area + new Vector<float>(_areas, j) - shared);
                (new Vector<int>(isGone, j) | Vector.GreaterThan(overlap, limit)).CopyTo(isGone, j);
            }
        }
    }
}
