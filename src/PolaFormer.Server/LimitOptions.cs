namespace PolaFormer.Server;

/// <summary>What a client may ask for.</summary>
internal sealed record LimitOptions
{
    /// <summary>Most bytes of a request's body.</summary>
    public long MaxBodyBytes { get; init; } = 32 << 20;

    /// <summary>Most pixels of an image, width · height.</summary>
    public long MaxPixels { get; init; } = 50_000_000;

    /// <summary>Most inputs of a request.</summary>
    public int MaxItems { get; init; } = 64;

    /// <summary>Longest time from a request's body to its answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most connections at a time.</summary>
    public int MaxConnections { get; init; } = 1000;

    /// <summary>Most bytes of a request's headers.</summary>
    public int MaxHeaderBytes { get; init; } = 16 << 10;

    /// <summary>Least bytes a second that a client must send or take, after five seconds.</summary>
    public int MinBytesPerSecond { get; init; } = 240;

    /// <summary>Longest time that requests are given to end after a signal to stop.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(25);
}
