namespace PolaFormer.Pipelines;

/// <summary>English names of the 1,000 classes of ImageNet-1k in the order of its class indices (pytorch/hub's imagenet_classes.txt).</summary>
public static class ImageNetLabels
{
    /// <summary>Number of classes.</summary>
    public const int Count = 1000;

    /// <summary>The names; read from the assembly on first use.</summary>
    public static IReadOnlyList<string> Names => Lazy.Value;

    private static Lazy<IReadOnlyList<string>> Lazy { get; } = new(Read);

    private static IReadOnlyList<string> Read()
    {
        using Stream stream = typeof(ImageNetLabels).Assembly.GetManifestResourceStream("imagenet_classes.txt")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
