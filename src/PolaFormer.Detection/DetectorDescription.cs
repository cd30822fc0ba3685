using System.Globalization;
using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Data;

namespace PolaFormer.Detection;

/// <summary>What a checkpoint of ours says of its detector, in string metadata: enough to build it, prepare a photograph as in training, and name the classes.</summary>
public sealed record DetectorDescription
{
    private const string Task = "detection";
    private const int MaxSide = 1 << 16;

    /// <summary>Name of the network, for people.</summary>
    public required string Name { get; init; }

    /// <summary>The network.</summary>
    public required DetectorConfig Config { get; init; }

    /// <summary>The classes.</summary>
    public required IReadOnlyList<CocoCategory> Categories { get; init; }

    /// <summary>Limits of a photograph's long and short side in pixels.</summary>
    public (int Long, int Short) Scale { get; init; } = (1333, 800);

    /// <summary>Box AP of its evaluation in [0, 1]; null where not measured.</summary>
    public double? BoxPrecision { get; init; }

    /// <summary>Epochs trained; null where unknown.</summary>
    public int? Epoch { get; init; }

    /// <summary>As metadata strings.</summary>
    public IReadOnlyDictionary<string, string> ToMetadata()
    {
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "pt",
            ["task"] = Task,
            ["architecture"] = Name,
            ["config"] = DetectorConfiguration.Write(Config),
            ["labels"] = JsonSerializer.Serialize(Categories.Select(category => category.Name)),
            ["category_ids"] = JsonSerializer.Serialize(Categories.Select(category => category.Id)),
            ["scale"] = JsonSerializer.Serialize<int[]>([Scale.Long, Scale.Short]),
        };
        if (BoxPrecision is { } value)
            metadata["box_ap"] = value.ToString("R", CultureInfo.InvariantCulture);
        if (Epoch is { } epoch)
            metadata["epoch"] = epoch.ToString(CultureInfo.InvariantCulture);
        return metadata;
    }

    /// <summary>Reads the metadata of a checkpoint; null where it describes no detector.</summary>
    /// <exception cref="CheckpointException">The metadata is there but damaged.</exception>
    public static DetectorDescription? From(Checkpoint checkpoint)
    {
        string? Text(string key) => checkpoint.Metadata.TryGetValue(key, out object? value) ? value as string : null;
        if (Text("task") != Task || Text("config") is not { } config)
            return null;
        try
        {
            string[] names = JsonSerializer.Deserialize<string[]>(Text("labels") ?? "null") ?? throw new FormatException("labels is no list of names");
            long[] numbers = JsonSerializer.Deserialize<long[]>(Text("category_ids") ?? "null") ?? [.. Enumerable.Range(1, names.Length).Select(i => (long)i)];
            int[] scale = JsonSerializer.Deserialize<int[]>(Text("scale") ?? "[1333,800]") ?? [];
            if (scale.Length != 2 || scale.Any(side => side is < 1 or > MaxSide) || numbers.Length != names.Length)
                throw new FormatException($"scale is {Text("scale")}, with {names.Length} labels and {numbers.Length} category_ids; it must be two sides in [1, {MaxSide}] and as many numbers as labels");
            return new DetectorDescription
            {
                Name = Text("architecture") ?? "detector",
                Config = DetectorConfiguration.Read(config),
                Categories = [.. names.Select((name, i) => new CocoCategory(numbers[i], name))],
                Scale = (scale[0], scale[1]),
                BoxPrecision = Text("box_ap") is { } precision ? double.Parse(precision, CultureInfo.InvariantCulture) : null,
                Epoch = Text("epoch") is { } epoch ? int.Parse(epoch, CultureInfo.InvariantCulture) : null,
            };
        }
        catch (Exception error) when (error is FormatException or OverflowException or JsonException or InvalidOperationException or ArgumentException)
        {
            throw new CheckpointException(checkpoint.Name, $"its description of the network cannot be read ({error.Message}). Save the model again, or correct its metadata.");
        }
    }
}
