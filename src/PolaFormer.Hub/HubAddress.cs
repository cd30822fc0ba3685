namespace PolaFormer.Hub;

/// <summary>A file of a repository on the hub: <c>hf://OWNER/REPOSITORY/PATH</c>, or <c>hf://OWNER/REPOSITORY@REVISION/PATH</c>.</summary>
/// <param name="Repository"><c>OWNER/REPOSITORY</c>.</param>
/// <param name="Revision">Branch, tag or commit.</param>
/// <param name="Path">The file in it, with slashes.</param>
public sealed record HubAddress(string Repository, string Revision, string Path)
{
    /// <summary>The branch that is meant where none is named.</summary>
    public const string DefaultRevision = "main";

    private const string Scheme = "hf://";

    /// <summary>Whether a text is such an address, right or wrong.</summary>
    public static bool Is(string text) => text.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>Takes an address apart.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static HubAddress Parse(string text)
    {
        string[] parts = Is(text) ? text[Scheme.Length..].Split('/') : [];
        if (parts.Length < 3 || parts.Any(part => !IsName(part)))
            throw new ArgumentException($"{text}: an address on the hub is hf://OWNER/REPOSITORY/FILE, or hf://OWNER/REPOSITORY@REVISION/FILE.");
        string[] named = parts[1].Split('@');
        if (named.Length > 2 || named.Any(name => name.Length == 0) || parts[0].Contains('@', StringComparison.Ordinal))
            throw new ArgumentException($"{text}: a revision stands once behind the repository: hf://OWNER/REPOSITORY@REVISION/FILE.");
        return new HubAddress($"{parts[0]}/{named[0]}", named.Length > 1 ? named[1] : DefaultRevision, string.Join('/', parts[2..]));
    }

    /// <summary>As it is typed.</summary>
    public override string ToString() => $"{Scheme}{Repository}{(Revision == DefaultRevision ? "" : "@" + Revision)}/{Path}";

    // The parts become names of folders and of addresses.
    private static bool IsName(string part) => part.Length > 0 && part is not ("." or "..") && part.All(letter => char.IsAsciiLetterOrDigit(letter) || "._-@+ ()=".Contains(letter, StringComparison.Ordinal));
}
