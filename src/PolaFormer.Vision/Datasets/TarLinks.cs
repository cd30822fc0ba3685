namespace PolaFormer.Vision.Datasets;

/// <summary>
/// The files that links of a tar archive lead to. GNU tar stores the second name of a file as a hard link, and a link may lead to an entry
/// that was passed over; so the archive is walked again, for these alone.
/// </summary>
internal static class TarLinks
{
    /// <summary>Links that may follow one another.</summary>
    private const int MaxSteps = 8;

    /// <summary>Finds files by their names, over other links where need be. What is not found has no entry in the result.</summary>
    /// <param name="open">Begins another walk over the archive.</param>
    /// <param name="targets">The names.</param>
    /// <param name="take">What is wanted of a file.</param>
    public static Dictionary<string, T> Find<T>(Func<TarScan> open, IEnumerable<string> targets, Func<TarScan, TarEntry, T> take)
    {
        string[] names = [.. targets.Distinct()];
        var wanted = new HashSet<string>(names);
        var files = new Dictionary<string, T>();
        var links = new Dictionary<string, string>();
        for (int step = 0, before = int.MaxValue; step < MaxSteps && wanted.Count > 0 && before != files.Count + links.Count; step++)
        {
            before = files.Count + links.Count;
            TarScan scan = open();
            foreach (TarEntry entry in scan.Entries())
            {
                if (!wanted.Remove(entry.Name))
                    continue;
                if (!entry.IsLink)
                    files[entry.Name] = take(scan, entry);
                else if (entry.Target is { } target)
                {
                    links[entry.Name] = target;
                    if (!files.ContainsKey(target) && !links.ContainsKey(target))
                        wanted.Add(target);
                }
            }
        }

        var found = new Dictionary<string, T>();
        foreach (string name in names)
        {
            string? at = name;
            for (int step = 0; step < MaxSteps && at is not null && !files.ContainsKey(at); step++)
                at = links.GetValueOrDefault(at);
            if (at is not null && files.TryGetValue(at, out T? file))
                found[name] = file;
        }
        return found;
    }
}
