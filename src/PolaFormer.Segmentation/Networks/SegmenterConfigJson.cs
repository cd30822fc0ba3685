using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using PolaFormer.Models;
using PolaFormer.Models.Necks;

namespace PolaFormer.Segmentation.Networks;

/// <summary>A segmentation network's shape as text, for the metadata of its checkpoints. Text that is read is untrusted: unknown keys and numbers beyond reason are errors.</summary>
public static class SegmenterConfigJson
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        MaxDepth = 6,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>The configuration as JSON.</summary>
    public static string Write(SegmenterConfig config)
    {
        (string family, string backbone) = ModelConfigJson.Write(config.Backbone);
        return JsonSerializer.Serialize(
            new Document
            {
                Family = family,
                Backbone = JsonNode.Parse(backbone)!.AsObject(),
                OutIndices = config.OutIndices,
                KeepsStatistics = config.KeepsStatistics,
                Neck = config.Neck,
                Head = config.Head,
                AuxiliaryHead = config.AuxiliaryHead,
            },
            s_options);
    }

    /// <summary>The configuration that was written.</summary>
    /// <exception cref="ArgumentException">The text is no configuration of a network that can be built.</exception>
    public static SegmenterConfig Read(string json)
    {
        Document document = ModelConfigJson.Parse(json, text => JsonSerializer.Deserialize<Document>(text, s_options));
        return new SegmenterConfig
        {
            Backbone = ModelConfigJson.Read(document.Family, document.Backbone.ToJsonString()).Config,
            OutIndices = document.OutIndices,
            KeepsStatistics = document.KeepsStatistics,
            Neck = document.Neck,
            Head = document.Head,
            AuxiliaryHead = document.AuxiliaryHead,
        };
    }

    private sealed record Document
    {
        public required string Family { get; init; }

        public required JsonObject Backbone { get; init; }

        public IReadOnlyList<int>? OutIndices { get; init; }

        public bool KeepsStatistics { get; init; }

        public FpnConfig? Neck { get; init; }

        public required DecodeHeadConfig Head { get; init; }

        public DecodeHeadConfig? AuxiliaryHead { get; init; }
    }
}
