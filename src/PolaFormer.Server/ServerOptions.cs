using System.Text.Json;
using System.Text.Json.Serialization;
using PolaFormer.Files;
using PolaFormer.Server.Repository;
using PolaFormer.Server.Scheduling;

namespace PolaFormer.Server;

/// <summary>What the server is started with: from a file, the command line over it.</summary>
internal sealed record ServerOptions
{
    private const int MaxFileBytes = 1 << 20;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>Files under names.</summary>
    public IReadOnlyList<ModelSource> Models { get; init; } = [];

    /// <summary>Folders whose checkpoints are served under their files' names.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];

    /// <summary>The address that is listened on.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>The port of HTTP; 0 for any that is free.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>The port of gRPC without TLS; null for none. With TLS the port of HTTP has both.</summary>
    public int? GrpcPort { get; init; }

    /// <summary>Where models compute.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>How requests are queued where a model says nothing else.</summary>
    public SchedulingOptions Scheduling { get; init; } = new();

    /// <summary>What a client may ask for.</summary>
    public LimitOptions Limits { get; init; } = new();

    /// <summary>A certificate in PEM; null for no TLS.</summary>
    public string? Certificate { get; init; }

    /// <summary>Its private key in PEM; null where it stands in the certificate's file.</summary>
    public string? CertificateKey { get; init; }

    /// <summary>A file with a key a line that requests must carry one of; null for none.</summary>
    public string? ApiKeys { get; init; }

    /// <summary>Whether requests may load and unload models.</summary>
    public bool AllowsModelControl { get; init; }

    /// <summary>Beginnings of addresses that images are fetched from.</summary>
    public IReadOnlyList<string> UrlPrefixes { get; init; } = [];

    /// <summary>Whether logs are lines of JSON.</summary>
    public bool LogsJson { get; init; }

    /// <summary>Reads a file of settings in JSON, named as the properties here.</summary>
    /// <exception cref="FileException">It cannot be read, or is no such file.</exception>
    public static ServerOptions Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<ServerOptions>(InputFile.ReadAllBytes(path, MaxFileBytes), s_json) ?? throw new FileException(path, "it says null. Write an object.");
        }
        catch (JsonException error)
        {
            throw new FileException(path, $"it is no file of settings ({error.Message.ReplaceLineEndings(" ")}). See docs/serving.md.", error);
        }
    }

    /// <summary>Refuses what no server can be started with.</summary>
    /// <exception cref="ArgumentException">A value is out of range, or two contradict each other.</exception>
    public void Check()
    {
        foreach (SchedulingOptions scheduling in Models.Select(model => model.Scheduling).OfType<SchedulingOptions>().Prepend(Scheduling))
        {
            Require(scheduling.Instances is null or (>= 1 and <= 256), "instances", "1 to 256");
            Require(scheduling.Threads is null or (>= 1 and <= 1024), "threads", "1 to 1024");
            Require(scheduling.MaxBatch is null or (>= 1 and <= 1024), "maxBatch", "1 to 1024");
            Require(scheduling.BatchDelay >= TimeSpan.Zero && scheduling.BatchDelay <= TimeSpan.FromSeconds(1), "batchDelay", "00:00:00 to 00:00:01");
            Require(scheduling.Capacity is >= 1 and <= 1_000_000, "capacity", "1 to 1000000");
        }

        foreach (ModelSource model in Models)
        {
            if (!ModelSource.IsName(model.Name ?? "") || string.IsNullOrEmpty(model.File))
                throw new ArgumentException("A model has a name of letters, digits, points, dashes and underscores, and a file.");
        }

        Require(Port is >= 0 and <= 65535 && GrpcPort is null or (>= 0 and <= 65535), "ports", "0 to 65535");
        Require(Limits.MaxBodyBytes is >= 1024 and <= 1 << 30, "maxBodyBytes", "1024 to 1073741824");
        Require(Limits.MaxPixels >= 1, "maxPixels", "1 and more");
        Require(Limits.MaxItems >= 1, "maxItems", "1 and more");
        Require(Limits.MaxConnections >= 1, "maxConnections", "1 and more");
        Require(Limits.MaxHeaderBytes is >= 1024 and <= 1 << 20, "maxHeaderBytes", "1024 to 1048576");
        Require(Limits.MinBytesPerSecond >= 1, "minBytesPerSecond", "1 and more");
        Require(Limits.Timeout > TimeSpan.Zero && Limits.Timeout <= TimeSpan.FromHours(1), "timeout", "more than 00:00:00 to 01:00:00");
        Require(Limits.DrainTime >= TimeSpan.Zero && Limits.DrainTime <= TimeSpan.FromHours(1), "drainTime", "00:00:00 to 01:00:00");
        if (Certificate is null && CertificateKey is not null)
            throw new ArgumentException("--tls-key is given without --tls-certificate.");
        if (Certificate is not null && GrpcPort is not null)
            throw new ArgumentException("With TLS the port of HTTP takes gRPC, too: leave --grpc-port out.");
    }

    private static void Require(bool isTrue, string name, string range)
    {
        if (!isTrue)
            throw new ArgumentException($"{name} is out of range: {range}.");
    }
}
