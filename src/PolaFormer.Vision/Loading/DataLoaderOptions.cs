namespace PolaFormer.Vision.Loading;

/// <summary>How <see cref="DataLoader"/> makes batches.</summary>
public sealed record DataLoaderOptions
{
    /// <summary>Images of a batch, at least 1.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Whether every epoch has an order of its own.</summary>
    public bool Shuffle { get; init; }

    /// <summary>Class of every image, for shuffled epochs that show each class equally often: images of small classes several times, of large ones some; null to show every image once.</summary>
    public IReadOnlyList<int>? BalancedBy { get; init; }

    /// <summary>Whether a last, smaller batch is left out. Then every epoch has <see cref="DataLoader.BatchCount"/> batches: it does not shrink silently by one whose images are all bad.</summary>
    public bool DropLast { get; init; }

    /// <summary>Seed of the order and of the transform's draws.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads that decode and transform; 0 does it on the caller's thread. The batches do not depend on it.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Batches made ahead at most; there are never fewer than workers.</summary>
    public int Prefetch { get; init; } = 2;

    /// <summary>What happens to images that cannot be decoded.</summary>
    public BadImagePolicy BadImages { get; init; } = BadImagePolicy.Fail;

    /// <summary>Follows the message where a bad image fails: what the user can do.</summary>
    public string BadImageAdvice { get; init; } = "";

    /// <summary>Called once for each image that is skipped, from any thread, with a one-line message.</summary>
    public Action<string>? Report { get; init; }

    /// <summary>Bytes of decoded pixels that may be kept, so that later epochs of small images need no decoding; 0 keeps none.</summary>
    public long CacheBytes { get; init; }

    /// <summary>How the images are decoded.</summary>
    public ImageDecodeOptions Decode { get; init; } = ImageDecodeOptions.Default;
}
