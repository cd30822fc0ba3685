using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PolaFormer.Training.Reporting;

/// <summary>One line of a run's log: a JSON object whose first key, <c>kind</c>, says which record it is.</summary>
/// <param name="GlobalStep">Steps of the whole run done when it was written.</param>
/// <param name="Seconds">Time over every start of the run; 0 in logs of earlier versions.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(RunRecord), "run")]
[JsonDerivedType(typeof(StepRecord), "step")]
[JsonDerivedType(typeof(EpochRecord), "epoch")]
[JsonDerivedType(typeof(EndRecord), "end")]
internal abstract record LogRecord(long GlobalStep, double Seconds)
{
    // Gradients may overflow while the loss is finite: such a norm is written as "Infinity".
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
    };

    /// <summary>The task's metrics, beside the keys that every task has.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Values { get; set; }

    /// <summary>The record as JSON without a line break.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, s_options);

    /// <summary>Reads a line; null for one that is no record, as a killed process leaves it.</summary>
    public static LogRecord? Parse(string line)
    {
        try
        {
            LogRecord? record = JsonSerializer.Deserialize<LogRecord>(line, s_options);
            if (record is { Values: { } values })
                record.Values = values.Where(entry => NumberOf(entry.Value) is not null).ToDictionary();
            return record;
        }
        // Names that are no UTF-16 surface as InvalidOperationException.
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A metric under a key of the record; null where it is absent.</summary>
    public double? ValueOf(string key) => Values is { } values && values.TryGetValue(key, out JsonElement value) ? NumberOf(value) : null;

    /// <summary>Metrics under their keys.</summary>
    protected static Dictionary<string, JsonElement> Named(IEnumerable<(string Key, double Value)> values) =>
        values.ToDictionary(entry => entry.Key, entry => JsonSerializer.SerializeToElement(entry.Value, s_options));

    private static double? NumberOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetDouble(out double number) => number,
        JsonValueKind.String when value.ValueEquals("NaN") => double.NaN,
        JsonValueKind.String when value.ValueEquals("Infinity") => double.PositiveInfinity,
        JsonValueKind.String when value.ValueEquals("-Infinity") => double.NegativeInfinity,
        _ => null,
    };
}
