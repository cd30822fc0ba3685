using System.Text.Json.Serialization;
using PolaFormer.Models;

namespace PolaFormer.LongRange;

/// <summary>The configuration of sequence classifiers, read and written by code that the compiler makes: programs that are trimmed or compiled ahead of time have no other way.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, MaxDepth = 4)]
[JsonSerializable(typeof(SequenceClassifierConfig))]
internal sealed partial class SequenceConfigContext : JsonSerializerContext;
