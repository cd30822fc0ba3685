using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// All that the rest of the program needs to know of a family of networks: registry, checkpoints, recipes and the laws in the
/// tests read it here. It stands in the file of the family.
/// </summary>
/// <param name="name">Name in checkpoints, beside the configuration.</param>
public abstract class ModelFamily(string name)
{
    /// <summary>Name in checkpoints, beside the configuration; in recipes, the MODEL.TYPE of a network that keys describe.</summary>
    public string Name { get; } = name;

    /// <summary>The published networks, small to large, and those of ours.</summary>
    public required IReadOnlyList<ModelEntry> Entries { get; init; }

    /// <summary>Other names of entries, as those of the authors' files.</summary>
    public IReadOnlyDictionary<string, string> OtherNames { get; init; } = new Dictionary<string, string>();

    /// <summary>Names by which a recipe's MODEL.TYPE asks for an entry as published, its drop-path rate included.</summary>
    public IReadOnlyDictionary<string, string> PublishedTypes { get; init; } = new Dictionary<string, string>();

    /// <summary>Type of the configuration.</summary>
    public abstract Type ConfigType { get; }

    /// <summary>The configuration that holds where nothing is said.</summary>
    public abstract VisionModelConfig Defaults { get; }

    /// <summary>Configurations by the name of the variant, so small that every law is tested with every attention in them.</summary>
    public abstract IReadOnlyDictionary<string, VisionModelConfig> Tiny { get; }

    /// <summary>Side of the images that a checkpoint was trained for, as the shapes in it tell; else that of the configuration.</summary>
    /// <param name="config">A network of the family.</param>
    /// <param name="shapeOf">The shape of a tensor of the checkpoint; null for no such tensor.</param>
    public abstract int ImageSizeOf(VisionModelConfig config, Func<string, Shape?> shapeOf);

    /// <summary>The network that a recipe describes by keys alone; null where the family has no such keys.</summary>
    public abstract VisionModelConfig? FromKeys(IModelKeys keys);

    /// <summary>An entry's network with what a recipe's keys change of it.</summary>
    public abstract VisionModelConfig WithKeys(VisionModelConfig published, IModelKeys keys);

    /// <summary>Side of a square grid of patches, one row of learned positions each, in pixels; the configuration's where there is no such tensor.</summary>
    /// <param name="positions">(1, tokens + side², C), or null.</param>
    /// <param name="prefix">Tokens before the grid.</param>
    /// <param name="patchSize">Side of a patch in pixels.</param>
    /// <param name="otherwise">What holds without a tensor.</param>
    protected internal static int SizeOfPatches(Shape? positions, int prefix, int patchSize, int otherwise) =>
        positions is { Rank: 3 } shape && shape[1] > prefix ? patchSize * (int)Math.Sqrt(shape[1] - prefix) : otherwise;
}

/// <summary>A family of a type of configuration.</summary>
/// <typeparam name="TConfig">Its configuration.</typeparam>
/// <param name="name">Name in checkpoints, beside the configuration.</param>
public sealed class ModelFamily<TConfig>(string name) : ModelFamily(name)
    where TConfig : VisionModelConfig, new()
{
    /// <inheritdoc/>
    public override Type ConfigType => typeof(TConfig);

    /// <inheritdoc/>
    public override VisionModelConfig Defaults => new TConfig();

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, VisionModelConfig> Tiny => TinyConfigs().ToDictionary(entry => entry.Key, entry => (VisionModelConfig)entry.Value);

    /// <summary>Makes what <see cref="Tiny"/> holds.</summary>
    public required Func<Dictionary<string, TConfig>> TinyConfigs { get; init; }

    /// <summary>What <see cref="ImageSizeOf"/> reads; null for families whose checkpoints do not tell.</summary>
    public Func<TConfig, Func<string, Shape?>, int>? ReadImageSize { get; init; }

    /// <summary>What <see cref="FromKeys"/> makes; null for none.</summary>
    public Func<IModelKeys, TConfig>? Described { get; init; }

    /// <summary>What <see cref="WithKeys"/> changes; null for nothing.</summary>
    public Func<TConfig, IModelKeys, TConfig>? Changed { get; init; }

    /// <inheritdoc/>
    public override int ImageSizeOf(VisionModelConfig config, Func<string, Shape?> shapeOf) => ReadImageSize?.Invoke((TConfig)config, shapeOf) ?? config.ImageSize;

    /// <inheritdoc/>
    public override VisionModelConfig? FromKeys(IModelKeys keys) => Described?.Invoke(keys);

    /// <inheritdoc/>
    public override VisionModelConfig WithKeys(VisionModelConfig published, IModelKeys keys) => Changed?.Invoke((TConfig)published, keys) ?? published;
}
