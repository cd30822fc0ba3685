namespace PolaFormer.NN;

/// <summary>The name that was probably meant, for messages about one that is not known.</summary>
public static class NearestName
{
    /// <summary>The known name that takes the fewest changes to reach; the first of several.</summary>
    /// <param name="name">What was typed.</param>
    /// <param name="known">At least one name.</param>
    public static string Of(string name, IEnumerable<string> known) => known.MinBy(other => Distance(other, name))!;

    /// <summary>A question about the nearest name where it is near, at most a third of its letters away; else nothing.</summary>
    /// <param name="name">What was typed.</param>
    /// <param name="known">At least one name.</param>
    /// <returns><c>Did you mean …? </c> with the blank behind it, or an empty text.</returns>
    public static string Question(string name, IEnumerable<string> known)
    {
        string nearest = Of(name, known);
        return Distance(nearest, name) * 3 <= nearest.Length ? $"Did you mean {nearest}? " : "";
    }

    // Levenshtein distance: insertions, deletions and replacements, a row of the table at a time.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
