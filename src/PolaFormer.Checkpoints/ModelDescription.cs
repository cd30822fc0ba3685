using System.Globalization;

namespace PolaFormer.Checkpoints;

/// <summary>
/// What a checkpoint of ours says of its model, in string metadata that survives conversion between formats: enough to build the network,
/// prepare an image as in training, and name the classes.
/// </summary>
public sealed record ModelDescription
{
    // Far above what networks are trained with; a small file may not ask for much work.
    private const int MaxImageSize = 1024;
    private const float MinDeviation = 1e-4f, MaxChannelValue = 1e4f;

    /// <summary>Name in the model registry; with <see cref="Config"/>, of a family.</summary>
    public required string Model { get; init; }

    /// <summary>The network's shape as <c>ModelConfigJson</c> writes it; null for a registered model.</summary>
    public string? Config { get; init; }

    /// <summary>Side of the images in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Name of each class.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Mean of the red, green and blue values in [0, 1] that is subtracted.</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0.485f, 0.456f, 0.406f];

    /// <summary>Standard deviation that is divided by.</summary>
    public IReadOnlyList<float> Std { get; init; } = [0.229f, 0.224f, 0.225f];

    /// <summary>Whether images are resized to a larger square and cut in the middle (the authors' TEST.CROP), or resized to the image size.</summary>
    public bool CenterCrop { get; init; } = true;

    /// <summary>Top-1 accuracy on the evaluation set in [0, 1]; null where not measured.</summary>
    public double? Top1 { get; init; }

    /// <summary>Last epoch trained; null where unknown.</summary>
    public int? Epoch { get; init; }

    /// <summary>As metadata strings.</summary>
    public IReadOnlyDictionary<string, string> ToMetadata()
    {
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "pt",
            ["architecture"] = Model,
            ["image_size"] = ImageSize.ToString(CultureInfo.InvariantCulture),
            ["labels"] = DescriptionText.ListText(Labels),
            ["mean"] = DescriptionText.ListText(Mean),
            ["std"] = DescriptionText.ListText(Std),
            ["center_crop"] = CenterCrop ? "true" : "false",
        };
        if (Config is not null)
            metadata["config"] = Config;
        metadata.AddNumber("top1", Top1);
        metadata.AddNumber("epoch", Epoch);
        return metadata;
    }

    /// <summary>Reads the metadata of a checkpoint; null where it is not one of ours.</summary>
    /// <exception cref="CheckpointException">The metadata is there but damaged.</exception>
    public static ModelDescription? From(Checkpoint checkpoint)
    {
        if (checkpoint.Text("architecture") is not { } model || checkpoint.Text("image_size") is not { } imageSize)
            return null;
        return checkpoint.Described(() =>
        {
            var description = new ModelDescription { Model = model, Config = checkpoint.Text("config"), ImageSize = int.Parse(imageSize, CultureInfo.InvariantCulture) };
            if (description.ImageSize is < 1 or > MaxImageSize)
                throw new FormatException($"image_size is {imageSize} pixels, and must lie in [1, {MaxImageSize}]");
            return description with
            {
                Labels = checkpoint.Labels() ?? [],
                Mean = Triple(checkpoint, "mean", -MaxChannelValue) ?? description.Mean,
                Std = Triple(checkpoint, "std", MinDeviation) ?? description.Std,
                CenterCrop = checkpoint.Text("center_crop") != "false",
                Top1 = checkpoint.Number("top1"),
                Epoch = checkpoint.WholeNumber("epoch"),
            };
        });
    }

    private static float[]? Triple(Checkpoint checkpoint, string key, float min)
    {
        if (checkpoint.List<float>(key) is not { } values)
            return null;
        if (values.Length != 3)
            throw new FormatException($"{key} has {values.Length} values, one for each of 3 channels expected");
        return values.All(value => value >= min && value <= MaxChannelValue)
            ? values
            : throw new FormatException(FormattableString.Invariant($"{key} is {checkpoint.Text(key)}; its values must lie in [{min}, {MaxChannelValue}]"));
    }
}
