using PolaFormer.Checkpoints;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Vision;

namespace PolaFormer.Segmentation;

/// <summary>What a checkpoint of ours says of its segmentation network, in string metadata: enough to build it, prepare a photograph as in training, and name and draw the classes.</summary>
public sealed record SegmenterDescription
{
    private const string Task = "segmentation";

    /// <summary>Name of the network, for people.</summary>
    public required string Name { get; init; }

    /// <summary>The network.</summary>
    public required SegmenterConfig Config { get; init; }

    /// <summary>The classes.</summary>
    public required ClassNames Classes { get; init; }

    /// <summary>Limits of a photograph's long and short side in pixels.</summary>
    public (int Long, int Short) Scale { get; init; } = (2048, 512);

    /// <summary>Mean intersection over union of its evaluation in [0, 1]; null where not measured.</summary>
    public double? MeanIoU { get; init; }

    /// <summary>Iterations trained; null where unknown.</summary>
    public int? Iteration { get; init; }

    /// <summary>As metadata strings.</summary>
    public IReadOnlyDictionary<string, string> ToMetadata()
    {
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "pt",
            ["task"] = Task,
            ["architecture"] = Name,
            ["config"] = SegmenterConfig.Json.Write(Config),
            ["labels"] = DescriptionText.ListText(Classes.Names),
            ["colors"] = DescriptionText.ListText(Classes.Colors.Select(color => new int[] { color.Red, color.Green, color.Blue })),
            ["scale"] = DescriptionText.ListText([Scale.Long, Scale.Short]),
        };
        metadata.AddNumber("miou", MeanIoU);
        metadata.AddNumber("iteration", Iteration);
        return metadata;
    }

    /// <summary>Reads the metadata of a checkpoint; null where it describes no segmentation network.</summary>
    /// <exception cref="CheckpointException">The metadata is there but damaged.</exception>
    public static SegmenterDescription? From(Checkpoint checkpoint)
    {
        if (checkpoint.Text("task") != Task || checkpoint.Text("config") is not { } config)
            return null;
        return checkpoint.Described(() => new SegmenterDescription
        {
            Name = checkpoint.Text("architecture") ?? "segmenter",
            Config = SegmenterConfig.Json.Read(config),
            Classes = new ClassNames(
                checkpoint.Labels() ?? throw new FormatException("labels is missing"),
                checkpoint.List<int[]>("colors") is { } colors ? [.. colors.Select(ColorOf)] : null),
            Scale = checkpoint.Scale((2048, 512)),
            MeanIoU = checkpoint.Number("miou"),
            Iteration = checkpoint.WholeNumber("iteration"),
        });
    }

    private static ClassColor ColorOf(int[]? levels) => levels is { Length: 3 } && levels.All(level => level is >= 0 and <= 255)
        ? new ClassColor((byte)levels[0], (byte)levels[1], (byte)levels[2])
        : throw new FormatException("a colour is no three levels in [0, 255]");
}
