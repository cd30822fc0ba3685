using System.Text.Json;
using System.Text.Json.Serialization;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.Models;

/// <summary>
/// A network's shape as text, for the metadata of its checkpoints: the name of its family and its configuration as JSON. Text
/// that is read is untrusted: unknown keys and shapes beyond reason are errors.
/// </summary>
public static class ModelConfigJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        TypeInfoResolver = ModelConfigContext.Default,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        MaxDepth = 4,
        Converters =
        {
            new JsonStringEnumConverter<PolarityGate>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
            new JsonStringEnumConverter<PolarityGateStart>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
            new JsonStringEnumConverter<PolarityLocal>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
            new JsonStringEnumConverter<PolarityMask>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
        },
    };

    /// <summary>The family and configuration of a network.</summary>
    public static (string Family, string Json) Write(VisionModel model) => Write(model.Config with { NumClasses = model.NumClasses });

    /// <summary>The family and text of a configuration.</summary>
    public static (string Family, string Json) Write(VisionModelConfig config) =>
        (ModelRegistry.FamilyOf(config).Name, JsonSerializer.Serialize(config, Options.GetTypeInfo(config.GetType())));

    /// <summary>The architecture that was written.</summary>
    /// <exception cref="ArgumentException">The family is unknown, or the text is no configuration of it.</exception>
    public static ModelEntry Read(string family, string json)
    {
        ModelFamily known = ModelRegistry.Families.FirstOrDefault(entry => entry.Name == family)
            ?? throw new ArgumentException($"There is no family '{family}' of models. Known: {string.Join(", ", ModelRegistry.Families.Select(entry => entry.Name))}.");
        return new ModelEntry(family, Parse(json, text => (VisionModelConfig?)new JsonDefaults(Options, known.Defaults, new PolarityOptions()).Complete(text, known.ConfigType).Deserialize(Options.GetTypeInfo(known.ConfigType))));
    }

    /// <summary>An object of JSON of unknown origin.</summary>
    /// <param name="json">The text.</param>
    /// <param name="read">Reads it.</param>
    /// <exception cref="ArgumentException">The text is no such object.</exception>
    public static T Parse<T>(string json, Func<string, T?> read)
        where T : class
    {
        try
        {
            return read(json) ?? throw new JsonException("it is null");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new ArgumentException($"The configuration of the network cannot be read ({error.Message}).", error);
        }
    }
}
