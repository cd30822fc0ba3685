namespace PolaFormer.Hub;

/// <summary>Where the hub is, where fetched files go, and how a broken connection is met.</summary>
public sealed record HubOptions
{
    /// <summary>Address of the hub.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>Folder of fetched files.</summary>
    public required string Cache { get; init; }

    /// <summary>Token for repositories that are not open to everybody; sent to the hub alone; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>Whether only what lies in the cache is used.</summary>
    public bool IsOffline { get; init; }

    /// <summary>How often a download that breaks off is taken up again.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>Time before the first new attempt; it doubles from one to the next.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A connection that delivers nothing for this long counts as broken.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// From the variables that the hub's own programs read, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE, and POLAFORMER_CACHE, else the user's folder for
    /// cached files. Proxies are those of HTTPS_PROXY and NO_PROXY.
    /// </summary>
    /// <exception cref="ArgumentException">HF_ENDPOINT is no address.</exception>
    public static HubOptions FromEnvironment()
    {
        var options = new HubOptions
        {
            Cache = Variable("POLAFORMER_CACHE") ?? Path.Combine(Variable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "polaformer"),
            Token = Variable("HF_TOKEN"),
            IsOffline = Variable("HF_HUB_OFFLINE") is { } offline && offline is not ("0" or "false"),
        };
        if (Variable("HF_ENDPOINT") is not { } endpoint)
            return options;
        return Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) && address.Scheme is ("http" or "https")
            ? options with { Endpoint = address }
            : throw new ArgumentException($"HF_ENDPOINT is '{endpoint}', which is no address of a hub. Unset it, or set it to one such as https://huggingface.co.");
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
