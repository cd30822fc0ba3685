using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using PolaFormer.Models.Necks;
using PolaFormer.NN;

namespace PolaFormer.Models;

/// <summary>
/// The shape of a network for dense prediction as text, for the metadata of its checkpoints; its backbone is a family and a
/// configuration (<see cref="ModelConfigJson"/>). Text that is read is untrusted: unknown keys, missing ones without a default and numbers beyond reason are errors.
/// </summary>
/// <typeparam name="T">The configuration.</typeparam>
public sealed class DenseConfigJson<T>
    where T : class
{
    private readonly JsonTypeInfo<T> _type;
    private readonly JsonDefaults _defaults;

    /// <summary>Reads and writes by code that the compiler makes: programs that are trimmed or compiled ahead of time have no other way.</summary>
    /// <param name="types">What it made for the configuration.</param>
    /// <param name="examples">An object of each type in it that has defaults (<see cref="JsonDefaults.Example"/>); a text must have every key of the others.</param>
    public DenseConfigJson(IJsonTypeInfoResolver types, params IReadOnlyList<object> examples)
    {
        var options = new JsonSerializerOptions
        {
            TypeInfoResolver = types.WithAddedModifier(RequireEveryKey),
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            RespectNullableAnnotations = true,
            IncludeFields = true,
            IgnoreReadOnlyProperties = true,
            MaxDepth = 12,
            Converters =
            {
                new BackboneConverter(),
                new JsonStringEnumConverter<ExtraLevels>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
                new JsonStringEnumConverter<NormKind>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
            },
        };
        _defaults = new JsonDefaults(options, examples);
        _type = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
    }

    /// <summary>The configuration as JSON.</summary>
    public string Write(T config) => JsonSerializer.Serialize(config, _type);

    /// <summary>The configuration that was written.</summary>
    /// <exception cref="ArgumentException">The text is no configuration of a network that can be built.</exception>
    public T Read(string json) => ModelConfigJson.Parse(json, text => _defaults.Complete(text, typeof(T)).Deserialize(_type));

    // Only null is left out when writing.
    private void RequireEveryKey(JsonTypeInfo type)
    {
        if (_defaults.Has(type.Type))
            return;
        foreach (JsonPropertyInfo property in type.Properties)
            property.IsRequired = property.Set is not null && !property.IsSetNullable;
    }

    private sealed class BackboneConverter : JsonConverter<VisionModelConfig>
    {
        private const string Family = "FAMILY", Config = "CONFIG";

        public override VisionModelConfig Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            JsonElement given = JsonElement.ParseValue(ref reader);
            if (given.ValueKind != JsonValueKind.Object || given.GetPropertyCount() != 2 || !given.TryGetProperty(Family, out JsonElement family)
                || family.ValueKind != JsonValueKind.String || !given.TryGetProperty(Config, out JsonElement config))
            {
                throw new JsonException($"a backbone has {Family}, a name, and {Config}");
            }

            return ModelConfigJson.Read(family.GetString()!, config.GetRawText()).Config;
        }

        public override void Write(Utf8JsonWriter writer, VisionModelConfig value, JsonSerializerOptions options)
        {
            (string family, string config) = ModelConfigJson.Write(value);
            writer.WriteStartObject();
            writer.WriteString(Family, family);
            writer.WritePropertyName(Config);
            writer.WriteRawValue(config);
            writer.WriteEndObject();
        }
    }
}
