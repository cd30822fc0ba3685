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

    /// <summary>The record as JSON without a line break.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, s_options);

    /// <summary>Reads a line; null for one that is no record, as a killed process leaves it.</summary>
    public static LogRecord? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<LogRecord>(line, s_options);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return null;
        }
    }
}
