using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace PolaFormer.Models;

/// <summary>
/// Puts defaults where a text leaves keys out, so that a checkpoint may be older than a key. What the compiler makes for JSON sets
/// such properties to nothing, and not to their defaults.
/// </summary>
/// <param name="options">How the text is read.</param>
/// <param name="examples">An object of each type that has defaults; what its type does not require is taken from it.</param>
public sealed class JsonDefaults(JsonSerializerOptions options, params IReadOnlyList<object> examples)
{
    private readonly Dictionary<Type, object> _examples = examples.ToDictionary(example => example.GetType());

    /// <summary>An object whose required properties are not set, for its defaults.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    public static T Example<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>()
        where T : class => Activator.CreateInstance<T>();

    /// <summary>Whether a type has defaults.</summary>
    public bool Has(Type type) => _examples.ContainsKey(type);

    /// <summary>The text with defaults.</summary>
    /// <param name="json">JSON of unknown origin.</param>
    /// <param name="type">What it is read as.</param>
    /// <exception cref="JsonException">It is no JSON, too deep, or has a key twice.</exception>
    public JsonNode? Complete(string json, Type type)
    {
        JsonNode? given = JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { MaxDepth = options.MaxDepth, AllowDuplicateProperties = false });
        Complete(given, options.GetTypeInfo(type));
        return given;
    }

    private void Complete(JsonNode? given, JsonTypeInfo type)
    {
        if (given is JsonArray list && type is { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } element })
        {
            foreach (JsonNode? entry in list)
                Complete(entry, options.GetTypeInfo(element));
        }
        else if (given is JsonObject keys && type.Kind == JsonTypeInfoKind.Object)
        {
            Complete(keys, type.PolymorphismOptions is { } kinds ? Named(keys, kinds) : type);
        }
    }

    private void Complete(JsonObject keys, JsonTypeInfo? type)
    {
        if (type is null)
            return;
        _examples.TryGetValue(type.Type, out object? example);
        foreach (JsonPropertyInfo property in type.Properties)
        {
            if (keys.TryGetPropertyValue(property.Name, out JsonNode? value))
                Complete(value, options.GetTypeInfo(property.PropertyType));
            else if (example is not null && property is { IsRequired: false, Set: not null, Get: { } get } && get(example) is { } held)
                keys[property.Name] = JsonSerializer.SerializeToNode(held, options.GetTypeInfo(property.PropertyType));
        }
    }

    // A kind that is missing or unknown is an error of reading.
    private JsonTypeInfo? Named(JsonObject keys, JsonPolymorphismOptions kinds) =>
        keys[kinds.TypeDiscriminatorPropertyName] is JsonValue value && value.TryGetValue(out string? name)
        && kinds.DerivedTypes.FirstOrDefault(kind => name.Equals(kind.TypeDiscriminator)) is { DerivedType: { } type }
            ? options.GetTypeInfo(type)
            : null;
}
