using System.Text.Json.Serialization;

namespace PolaFormer.Models;

/// <summary>The configurations of the families, read and written by code that the compiler makes: programs that are trimmed or compiled ahead of time have no other way.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(CSWinConfig))]
[JsonSerializable(typeof(DeiTConfig))]
[JsonSerializable(typeof(PolaFormerPlusPlusConfig))]
[JsonSerializable(typeof(PvtConfig))]
[JsonSerializable(typeof(PvtV2Config))]
[JsonSerializable(typeof(SwinConfig))]
internal sealed partial class ModelConfigContext : JsonSerializerContext;
