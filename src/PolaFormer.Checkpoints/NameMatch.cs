namespace PolaFormer.Checkpoints;

/// <summary>
/// Which names of a file stand for which names of a network: equal ones, and those that are equal once the segments that
/// wrappers add are dropped from both. Two names for one tensor are never chosen between.
/// </summary>
internal sealed class NameMatch
{
    private readonly Dictionary<string, string> _found = [];

    /// <param name="wanted">The network's names.</param>
    /// <param name="names">The file's names.</param>
    /// <param name="unwrapped">What those of the file's names become that hold a wrapper's segment.</param>
    public NameMatch(IReadOnlyCollection<string> wanted, IReadOnlyCollection<string> names, IReadOnlyDictionary<string, string> unwrapped)
    {
        HashSet<string> known = [.. wanted];
        Unmatched = [.. names.Where(name => !known.Contains(name))];
        known.IntersectWith(names);
        foreach (string name in known)
            _found.Add(name, name);
        if (unwrapped.Count > 0 && Unmatched.Count > 0)
            MatchUnwrapped(wanted, unwrapped);
    }

    /// <summary>Names of the file that stand for none of the network's.</summary>
    public List<string> Unmatched { get; private set; }

    /// <summary>Pairs of the file's names that stand for the same of the network's.</summary>
    public List<string> Ambiguous { get; } = [];

    /// <summary>The file's name for a name of the network; null where it has none.</summary>
    public string? Find(string wanted) => _found.GetValueOrDefault(wanted);

    private void MatchUnwrapped(IReadOnlyCollection<string> wanted, IReadOnlyDictionary<string, string> unwrapped)
    {
        ILookup<string, string> targets = wanted.ToLookup(ParameterNames.Unwrap);
        List<string> unmatched = [];
        foreach (string name in Unmatched)
        {
            string[] candidates = [.. targets[unwrapped.GetValueOrDefault(name, name)]];
            string[] open = [.. candidates.Where(candidate => !_found.ContainsKey(candidate))];
            if (candidates.Length == 0)
                unmatched.Add(name);
            else if (open.Length == 1)
                _found.Add(open[0], name);
            else
                Ambiguous.Add(open.Length > 1 ? $"{name} (for {open[0]} or {open[1]})" : $"{_found[candidates[0]]} and {name}");
        }

        Unmatched = unmatched;
    }
}
