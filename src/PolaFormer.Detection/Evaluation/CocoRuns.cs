using System.Text.Json.Serialization;

namespace PolaFormer.Detection.Evaluation;

/// <summary>A mask as COCO's files have it.</summary>
/// <param name="Size">Height and width.</param>
/// <param name="Counts">Its runs as text.</param>
public sealed record CocoRuns([property: JsonPropertyName("size")] int[] Size, [property: JsonPropertyName("counts")] string Counts);
