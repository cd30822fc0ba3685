using System.Text.Json.Serialization;

namespace PolaFormer.Segmentation.Networks;

/// <summary>The configurations of segmentation networks, read and written by code that the compiler makes.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, IncludeFields = true)]
[JsonSerializable(typeof(SegmenterConfig))]
internal sealed partial class SegmenterConfigContext : JsonSerializerContext;
