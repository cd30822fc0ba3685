namespace PolaFormer.NN.Attention;

/// <summary>A registered mechanism.</summary>
/// <param name="Name">Name on the command line and in configurations; with the options that were given, as <c>polarity(alpha=3)</c>.</param>
/// <param name="Title">Name in tables and pictures.</param>
/// <param name="Source">Authors, venue.</param>
/// <param name="Complexity">Time in tokens N and channels of a head d, as text.</param>
/// <param name="Make">Makes it for a shape and values of all its <see cref="Options"/>, weights undefined.</param>
public sealed record AttentionEntry(string Name, string Title, string Source, string Complexity, Func<AttentionShape, AttentionOptions, AttentionMechanism> Make)
{
    private AttentionOptions? _given;

    /// <summary>A mechanism without options.</summary>
    public AttentionEntry(string name, string title, string source, string complexity, Func<AttentionShape, AttentionMechanism> make)
        : this(name, title, source, complexity, (shape, _) => make(shape))
    {
    }

    /// <summary>Options that it takes.</summary>
    public IReadOnlyList<AttentionOption> Options { get; init; } = [];

    /// <summary>How many tokens a host gives it.</summary>
    public AttentionReach Reach { get; init; }

    /// <summary>Makes it for a shape, weights undefined.</summary>
    public AttentionMechanism Create(AttentionShape shape) => Create(shape, null);

    /// <summary>Makes it for a shape, weights undefined.</summary>
    /// <param name="shape">What it is made for.</param>
    /// <param name="host">Values that the host's configuration has for options of any mechanism, where the name does not give them; null for none.</param>
    public AttentionMechanism Create(AttentionShape shape, AttentionOptions? host)
    {
        AttentionMechanism mechanism = Make(shape, AttentionOptions.Of(Options, _given, host));
        mechanism.RegisteredAs = this;
        return mechanism;
    }

    /// <summary>The mechanism with options.</summary>
    /// <param name="text">The text between the parentheses: <c>alpha=3,kernel=5</c>.</param>
    /// <exception cref="ArgumentException">There is no such option, or it takes no such value.</exception>
    public AttentionEntry With(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0)
            return this;
        if (Options.Count == 0)
            throw new ArgumentException($"{Name} takes no options; got '{text}'.");
        var given = new AttentionOptions();
        foreach (string part in parts)
        {
            string[] pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
            AttentionOption option = Options.FirstOrDefault(option => option.Name == pair[0])
                ?? throw new ArgumentException($"{Name} has no option '{pair[0]}'; it takes {string.Join(", ", Options.Select(option => option.Name))}.");
            if (pair.Length == 1)
                throw new ArgumentException($"{Name}: {option.Name} has no value; write {option.Name}= and {option.Takes}.");
            if (!given.TryAdd(option.Name, option.Parse(pair[1], Name)))
                throw new ArgumentException($"{Name}: {option.Name} is given twice.");
        }

        string shown = string.Join(',', parts.Select(part => part.Replace(" ", "", StringComparison.Ordinal)));
        return this with { Name = $"{Name}({shown})", Title = $"{Title} ({shown})", _given = given };
    }
}
