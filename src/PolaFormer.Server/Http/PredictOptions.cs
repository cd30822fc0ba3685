using System.Globalization;
using System.Numerics;
using Microsoft.AspNetCore.Http;

namespace PolaFormer.Server.Http;

/// <summary>What the query of <c>/v1/predict</c> asks for.</summary>
/// <param name="Model">Name of the model; null for the only one.</param>
/// <param name="Top">Classes that are told.</param>
/// <param name="WantsEmbedding">Whether the embedding is told.</param>
/// <param name="Threshold">Least score of objects; null for the model's.</param>
/// <param name="WantsMaps">Whether the map of classes, or the masks of objects, are told.</param>
/// <param name="Timeout">Time limit; null for the server's.</param>
internal sealed record PredictOptions(string? Model, int Top, bool WantsEmbedding, float? Threshold, bool WantsMaps, TimeSpan? Timeout)
{
    private const int MostClasses = 100_000, DefaultTop = 5;
    private const double LongestTimeout = 3_600_000;

    /// <summary>Reads a query.</summary>
    /// <exception cref="ServingException">A value is out of range, or a name is not known.</exception>
    public static PredictOptions From(IQueryCollection query)
    {
        foreach (string name in query.Keys)
        {
            if (name is not ("model" or "top" or "embedding" or "threshold" or "maps" or "timeout_ms"))
                throw ServingException.BadRequest("The query takes model, top, embedding, threshold, maps and timeout_ms.");
        }

        return new PredictOptions(
            query.TryGetValue("model", out Microsoft.Extensions.Primitives.StringValues model) ? model.ToString() : null,
            Number(query, "top", 1, MostClasses) ?? DefaultTop,
            Flag(query, "embedding"),
            Number(query, "threshold", 0f, 1f),
            Flag(query, "maps"),
            Number(query, "timeout_ms", 1.0, LongestTimeout) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null);
    }

    /// <summary>A number of the query; null where it is missing.</summary>
    /// <exception cref="ServingException">It is no number in the range.</exception>
    public static T? Number<T>(IQueryCollection query, string name, T least, T most) where T : struct, INumber<T>
    {
        if (!query.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues text))
            return null;
        return T.TryParse(text.ToString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out T value) && value >= least && value <= most
            ? value
            : throw ServingException.BadRequest(string.Create(CultureInfo.InvariantCulture, $"{name} is a number from {least} to {most}."));
    }

    private static bool Flag(IQueryCollection query, string name) => query.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues text) && text.ToString() switch
    {
        "true" => true,
        "false" => false,
        _ => throw ServingException.BadRequest($"{name} is true or false."),
    };
}
