using System.Text.Json;
using System.Text.Json.Serialization;

namespace PolaFormer.Models;

/// <summary>
/// A network's shape as text, for the metadata of its checkpoints: the name of its family and its configuration as JSON. Text
/// that is read is untrusted: unknown keys and shapes beyond reason are errors.
/// </summary>
public static class ModelConfiguration
{
    private const string Pvt = "pola_pvt", Swin = "pola_swin", PlusPlus = "polaformer_pp";

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        MaxDepth = 4,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Names of the families.</summary>
    public static IReadOnlyList<string> Families { get; } = [Pvt, Swin, PlusPlus];

    /// <summary>The family and configuration of a network.</summary>
    /// <exception cref="ArgumentException">The network is of no known family.</exception>
    public static (string Family, string Json) Write(VisionModel model) => model switch
    {
        PolaPvt pvt => (Pvt, JsonSerializer.Serialize(pvt.Config with { NumClasses = pvt.NumClasses }, Options)),
        PolaSwin swin => (Swin, JsonSerializer.Serialize(swin.Config with { NumClasses = swin.NumClasses }, Options)),
        PolaFormerPlusPlus plusPlus => (PlusPlus, JsonSerializer.Serialize(plusPlus.Config with { NumClasses = plusPlus.NumClasses }, Options)),
        _ => throw new ArgumentException($"{model.GetType().Name} is of no family whose shape can be written down."),
    };

    /// <summary>The architecture that was written.</summary>
    /// <exception cref="ArgumentException">The family is unknown, or the text is no configuration of it.</exception>
    public static ModelEntry Read(string family, string json)
    {
        try
        {
            return family switch
            {
                Pvt => ModelEntry.Of(family, Parse<PolaPvtConfig>(json)),
                Swin => ModelEntry.Of(family, Parse<PolaSwinConfig>(json)),
                PlusPlus => ModelEntry.Of(family, Parse<PolaFormerPlusPlusConfig>(json)),
                _ => throw new ArgumentException($"There is no family '{family}' of models. Known: {string.Join(", ", Families)}."),
            };
        }
        catch (JsonException error)
        {
            throw new ArgumentException($"The configuration of the model cannot be read ({error.Message}).", error);
        }
    }

    private static T Parse<T>(string json) => JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException("it is null");
}
