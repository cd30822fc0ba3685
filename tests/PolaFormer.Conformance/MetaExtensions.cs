using System.Text.Json;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>Reads optional fields of a case's description; null stands for what is absent or null.</summary>
internal static class MetaExtensions
{
    /// <summary>A field that is there and not null.</summary>
    public static JsonElement? Field(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A string.</summary>
    public static string? Text(this JsonElement element, string name) =>
        element.Field(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>The numbers of a list, or a single number as a list of one.</summary>
    public static int[] Integers(this JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray().Select(item => item.GetInt32())] : [element.GetInt32()];

    /// <summary>A list of extents.</summary>
    public static Shape ToShape(this JsonElement element) => new(element.Integers());

    /// <summary>A list of strings; empty where absent.</summary>
    public static string[] Texts(this JsonElement element, string name) =>
        element.Field(name) is { } list ? [.. list.EnumerateArray().Select(item => item.GetString()!)] : [];
}
