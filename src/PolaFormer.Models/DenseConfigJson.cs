using System.Text.Json;
using System.Text.Json.Serialization;

namespace PolaFormer.Models;

/// <summary>
/// The shape of a network for dense prediction as text, for the metadata of its checkpoints; its backbone is a family and a
/// configuration (<see cref="ModelConfigJson"/>). Text that is read is untrusted: unknown keys and numbers beyond reason are errors.
/// </summary>
public static class DenseConfigJson
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        IncludeFields = true,
        IgnoreReadOnlyProperties = true,
        MaxDepth = 12,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false), new BackboneConverter() },
    };

    /// <summary>The configuration as JSON.</summary>
    public static string Write<T>(T config)
        where T : class => JsonSerializer.Serialize(config, s_options);

    /// <summary>The configuration that was written.</summary>
    /// <exception cref="ArgumentException">The text is no configuration of a network that can be built.</exception>
    public static T Read<T>(string json)
        where T : class => ModelConfigJson.Parse(json, text => JsonSerializer.Deserialize<T>(text, s_options));

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
