using System.Text.Json.Serialization;

namespace PolaFormer.Detection.Evaluation;

/// <summary>A detection as COCO's result files have it.</summary>
/// <param name="ImageId">The image's number.</param>
/// <param name="CategoryId">The category's number.</param>
/// <param name="Bbox">Left, top, width and height.</param>
/// <param name="Score">Confidence.</param>
/// <param name="Segmentation">The mask; null without.</param>
public sealed record CocoResult(
    [property: JsonPropertyName("image_id")] long ImageId,
    [property: JsonPropertyName("category_id")] long CategoryId,
    [property: JsonPropertyName("bbox")] float[] Bbox,
    [property: JsonPropertyName("score")] float Score,
    [property: JsonPropertyName("segmentation"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] CocoRuns? Segmentation);
