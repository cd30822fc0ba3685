using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using PolaFormer.Analysis.Report;

namespace PolaFormer.Cli;

/// <summary>JSON for programs: one line, names as documented, characters unescaped, null for a number that is not finite.</summary>
internal static class Json
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new FiniteNumbers() },
    };

    /// <summary>Prints an object.</summary>
    public static void Print(object value) => Console.WriteLine(JsonSerializer.Serialize(value, s_options));

    /// <summary>An object with a name before its fields, in a line.</summary>
    public static string Line(string id, object value)
    {
        var line = new JsonObject { ["id"] = id };
        foreach ((string name, JsonNode? field) in Object(value).ToArray())
            line[name] = field?.DeepClone();
        return line.ToJsonString(s_options);
    }

    /// <summary>An object whose fields may be added to.</summary>
    public static JsonObject Object(object value) => Node(value).AsObject();

    /// <summary>A value to add to an object.</summary>
    public static JsonNode Node(object value) => JsonSerializer.SerializeToNode(value, s_options)!;
}
