using System.Text.Json;
using System.Text.Json.Nodes;
using PolaFormer.Files;

namespace PolaFormer.Cli.Bench;

/// <summary>A result that <c>bench --json</c> printed before, to hold a new one against.</summary>
internal sealed class EarlierResult
{
    // What tells the items of a list apart.
    private static readonly string[] s_names = ["kind", "mechanism", "module", "operator", "head_dim", "tokens"];

    private const long MaxBytes = 256 << 20;

    private readonly string _path;
    private readonly JsonObject _json;

    private EarlierResult(string path, JsonObject json) => (_path, _json) = (path, json);

    /// <summary>Reads a file.</summary>
    /// <exception cref="ArgumentException">It holds no result of this command.</exception>
    /// <exception cref="FileException">It cannot be read.</exception>
    public static EarlierResult Read(string path)
    {
        try
        {
            // A name that comes twice would be found out only when it is looked up.
            var document = new JsonDocumentOptions { AllowDuplicateProperties = false };
            JsonNode? node = JsonNode.Parse(InputFile.ReadAllBytes(path, MaxBytes), documentOptions: document);
            if (node is JsonObject json && json.ContainsKey("threads"))
                return new EarlierResult(path, json);
            if (node is JsonArray { Count: > 0 } mechanisms && mechanisms[0] is JsonObject first && first.ContainsKey("mechanism"))
                return new EarlierResult(path, new JsonObject { ["mechanisms"] = mechanisms });
        }
        catch (JsonException error)
        {
            throw new ArgumentException($"{path}: no JSON ({error.Message}). Save a result with: polaformer bench … --json > FILE", error);
        }

        throw new ArgumentException($"{path}: JSON, but no result of this command. Save one with: polaformer bench … --json > FILE");
    }

    /// <inheritdoc cref="Compare(JsonObject)"/>
    public IReadOnlyList<ComparedFigure> Compare(EarlierResult later) => Compare(later._json);

    /// <summary>Every figure of both results that is not the same in both: those of the new result first, in its order.</summary>
    /// <exception cref="ArgumentException">The earlier result is about something else.</exception>
    public IReadOnlyList<ComparedFigure> Compare(JsonObject current)
    {
        string then = Subject(_json), now = Subject(current);
        if (then != now)
            throw new ArgumentException($"{_path} is about {then}, the later result about {now}.");
        Dictionary<string, double> old = Figures(_json), @new = Figures(current);
        return [.. from name in @new.Keys.Concat(old.Keys).Distinct()
            let figure = new ComparedFigure(name, old.TryGetValue(name, out double a) ? a : null, @new.TryGetValue(name, out double b) ? b : null)
            where figure.Old != figure.New
            select figure];
    }

    private static string Subject(JsonObject result) =>
        result["model"] is JsonValue model ? $"{(result.ContainsKey("managed_bytes_per_step") ? "training" : "inference with")} {model}" : result.ContainsKey("mechanisms") ? "mechanisms" : "kernels of attention";

    private static Dictionary<string, double> Figures(JsonObject result)
    {
        var figures = new Dictionary<string, double>();
        Add(result, "");
        return figures;

        void Add(JsonNode? node, string path)
        {
            switch (node)
            {
                case JsonValue value when value.GetValueKind() == JsonValueKind.Number:
                    figures[path] = value.GetValue<JsonElement>().GetDouble();
                    break;
                case JsonObject fields:
                    foreach ((string name, JsonNode? field) in fields)
                        Add(field, path.Length == 0 ? name : $"{path}.{name}");
                    break;
                case JsonArray items:
                    var seen = new Dictionary<string, int>();
                    foreach (JsonObject item in items.OfType<JsonObject>())
                    {
                        string name = string.Join(' ', s_names.Select(key => item[key]?.ToString()).Where(text => !string.IsNullOrEmpty(text)));
                        int count = seen[name] = seen.GetValueOrDefault(name) + 1;
                        Add(item, count == 1 ? $"{path}[{name}]" : $"{path}[{name} #{count}]");
                    }

                    break;
            }
        }
    }
}
