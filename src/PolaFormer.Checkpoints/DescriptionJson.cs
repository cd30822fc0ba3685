using System.Text.Json.Serialization;

namespace PolaFormer.Checkpoints;

/// <summary>The lists in descriptions, read and written by code that the compiler makes: programs that are trimmed or compiled ahead of time have no other way.</summary>
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(float[]))]
[JsonSerializable(typeof(int[]))]
[JsonSerializable(typeof(long[]))]
[JsonSerializable(typeof(int[][]))]
internal sealed partial class DescriptionJson : JsonSerializerContext;
