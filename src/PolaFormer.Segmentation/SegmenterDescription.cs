using System.Globalization;
using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Vision;

namespace PolaFormer.Segmentation;

/// <summary>What a checkpoint of ours says of its segmentation network, in string metadata: enough to build it, prepare a photograph as in training, and name and draw the classes.</summary>
public sealed record SegmenterDescription
{
    private const string Task = "segmentation";
    private const int MaxSide = 1 << 16;

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
            ["config"] = SegmenterConfiguration.Write(Config),
            ["labels"] = JsonSerializer.Serialize(Classes.Names),
            ["colors"] = JsonSerializer.Serialize(Classes.Colors.Select(color => new int[] { color.Red, color.Green, color.Blue })),
            ["scale"] = JsonSerializer.Serialize<int[]>([Scale.Long, Scale.Short]),
        };
        if (MeanIoU is { } value)
            metadata["miou"] = value.ToString("R", CultureInfo.InvariantCulture);
        if (Iteration is { } iteration)
            metadata["iteration"] = iteration.ToString(CultureInfo.InvariantCulture);
        return metadata;
    }

    /// <summary>Reads the metadata of a checkpoint; null where it describes no segmentation network.</summary>
    /// <exception cref="CheckpointException">The metadata is there but damaged.</exception>
    public static SegmenterDescription? From(Checkpoint checkpoint)
    {
        string? Text(string key) => checkpoint.Metadata.TryGetValue(key, out object? value) ? value as string : null;
        if (Text("task") != Task || Text("config") is not { } config)
            return null;
        try
        {
            string[] names = JsonSerializer.Deserialize<string[]>(Text("labels") ?? "null") ?? throw new FormatException("labels is no list of names");
            int[][]? colors = JsonSerializer.Deserialize<int[][]>(Text("colors") ?? "null");
            int[] scale = JsonSerializer.Deserialize<int[]>(Text("scale") ?? "[2048,512]") ?? [];
            if (scale.Length != 2 || scale.Any(side => side is < 1 or > MaxSide))
                throw new FormatException($"scale is {Text("scale")}, and must be two sides in [1, {MaxSide}]");
            return new SegmenterDescription
            {
                Name = Text("architecture") ?? "segmenter",
                Config = SegmenterConfiguration.Read(config),
                Classes = new ClassNames(names, colors is null ? null : [.. colors.Select(ColorOf)]),
                Scale = (scale[0], scale[1]),
                MeanIoU = Text("miou") is { } miou ? double.Parse(miou, CultureInfo.InvariantCulture) : null,
                Iteration = Text("iteration") is { } iteration ? int.Parse(iteration, CultureInfo.InvariantCulture) : null,
            };
        }
        catch (Exception error) when (error is FormatException or OverflowException or JsonException or InvalidOperationException or ArgumentException)
        {
            throw new CheckpointException(checkpoint.Name, $"its description of the network cannot be read ({error.Message}). Save the model again, or correct its metadata.");
        }
    }

    private static ClassColor ColorOf(int[] levels) => levels.Length == 3 && levels.All(level => level is >= 0 and <= 255)
        ? new ClassColor((byte)levels[0], (byte)levels[1], (byte)levels[2])
        : throw new FormatException("a colour is no three levels in [0, 255]");
}
