using System.Text.Json.Serialization;

namespace PolaFormer.Detection.Configuration;

/// <summary>The configurations of detectors, read and written by code that the compiler makes.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, IncludeFields = true)]
[JsonSerializable(typeof(DetectorConfig))]
internal sealed partial class DetectorConfigContext : JsonSerializerContext;
