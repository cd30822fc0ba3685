using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using PolaFormer.Models;
using PolaFormer.Models.Necks;

namespace PolaFormer.Detection.Configuration;

/// <summary>A detector's shape as text, for the metadata of its checkpoints. Text that is read is untrusted: unknown keys and numbers beyond reason are errors.</summary>
public static class DetectorConfigJson
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        IncludeFields = true,
        IgnoreReadOnlyProperties = true,
        MaxDepth = 12,
        Converters = { new JsonStringEnumConverter(allowIntegerValues: false) },
    };

    /// <summary>The configuration as JSON.</summary>
    public static string Write(DetectorConfig config)
    {
        (string family, string network) = ModelConfigJson.Write(config.Backbone.Network);
        return JsonSerializer.Serialize(
            new Document { Family = family, Network = JsonNode.Parse(network)!.AsObject(), Options = config.Backbone.Options, Neck = config.Neck, Retina = config.Retina, Rpn = config.Rpn, Regions = config.Regions },
            s_options);
    }

    /// <summary>The configuration that was written.</summary>
    /// <exception cref="ArgumentException">The text is no configuration of a network that can be built.</exception>
    public static DetectorConfig Read(string json)
    {
        Document document = ModelConfigJson.Parse(json, text => JsonSerializer.Deserialize<Document>(text, s_options));
        return new DetectorConfig
        {
            Backbone = new BackboneConfig { Network = ModelConfigJson.Read(document.Family, document.Network.ToJsonString()).Config, Options = document.Options },
            Neck = document.Neck,
            Retina = document.Retina,
            Rpn = document.Rpn,
            Regions = document.Regions,
        };
    }

    private sealed record Document
    {
        public required string Family { get; init; }

        public required JsonObject Network { get; init; }

        public required FeatureExtractorOptions Options { get; init; }

        public required FpnConfig Neck { get; init; }

        public RetinaConfig? Retina { get; init; }

        public RpnConfig? Rpn { get; init; }

        public RegionHeadConfig? Regions { get; init; }
    }
}
