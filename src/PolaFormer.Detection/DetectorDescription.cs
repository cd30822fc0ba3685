using PolaFormer.Checkpoints;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Data;

namespace PolaFormer.Detection;

/// <summary>What a checkpoint of ours says of its detector, in string metadata: enough to build it, prepare a photograph as in training, and name the classes.</summary>
public sealed record DetectorDescription
{
    private const string Task = "detection";

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
            ["config"] = DetectorConfig.Json.Write(Config),
            ["labels"] = DescriptionText.ListText(Categories.Select(category => category.Name)),
            ["category_ids"] = DescriptionText.ListText(Categories.Select(category => category.Id)),
            ["scale"] = DescriptionText.ListText([Scale.Long, Scale.Short]),
        };
        metadata.AddNumber("box_ap", BoxPrecision);
        metadata.AddNumber("epoch", Epoch);
        return metadata;
    }

    /// <summary>Reads the metadata of a checkpoint; null where it describes no detector.</summary>
    /// <exception cref="CheckpointException">The metadata is there but damaged.</exception>
    public static DetectorDescription? From(Checkpoint checkpoint)
    {
        if (checkpoint.Text("task") != Task || checkpoint.Text("config") is not { } config)
            return null;
        return checkpoint.Described(() => new DetectorDescription
        {
            Name = checkpoint.Text("architecture") ?? "detector",
            Config = DetectorConfig.Json.Read(config),
            Categories = CategoriesOf(checkpoint),
            Scale = checkpoint.Scale((1333, 800)),
            BoxPrecision = checkpoint.Number("box_ap"),
            Epoch = checkpoint.WholeNumber("epoch"),
        });
    }

    private static IReadOnlyList<CocoCategory> CategoriesOf(Checkpoint checkpoint)
    {
        string[] names = checkpoint.Labels() ?? throw new FormatException("labels is missing");
        if (checkpoint.List<long>("category_ids") is not { } numbers)
            return CocoCategories.Named(names);
        return numbers.Length == names.Length
            ? [.. names.Select((name, i) => new CocoCategory(numbers[i], name))]
            : throw new FormatException($"there are {names.Length} labels and {numbers.Length} category_ids; it must be as many numbers as labels");
    }
}
