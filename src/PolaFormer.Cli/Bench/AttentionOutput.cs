using System.Globalization;
using System.Text.Json.Nodes;
using PolaFormer.Measurement;
using Spectre.Console;

namespace PolaFormer.Cli.Bench;

/// <summary>Measurements of attention alone for people and for programs.</summary>
/// <param name="Result">The figures.</param>
internal sealed record AttentionOutput(AttentionResult Result) : IBenchResult
{
    public JsonObject ToJson() => Json.Object(new
    {
        threads = Result.Threads,
        attention = Result.Cases.Select(item => new
        {
            kind = item.Kind,
            heads = item.Heads,
            head_dim = item.HeadDim,
            tokens = item.Tokens,
            median_ms = item.MedianMs,
            extra_bytes = item.ExtraBytes,
            output_bytes = item.OutputBytes,
        }),
        growth = Result.Series().Select(series => new
        {
            kind = series[0].Kind,
            head_dim = series[0].HeadDim,
            exponent = AttentionResult.Growth(series)?.Exponent,
            crossover_tokens = Result.Crossover(series),
        }),
    });

    public void Print()
    {
        Table cases = new Table().Border(TableBorder.Simple).AddColumn("attention");
        foreach (string title in (string[])["heads × d", "N", "ms", "ns / token·head", "extra MB", "of it output"])
            cases.AddColumn(new TableColumn(title).RightAligned());
        foreach (AttentionCase item in Result.Cases)
        {
            cases.AddRow(
                item.Kind, $"{item.Heads} × {item.HeadDim}", $"{item.Tokens}", Format($"{item.MedianMs:F3}"), Format($"{item.MedianMs * 1e6 / item.Tokens / item.Heads:F1}"),
                Format($"{item.ExtraBytes / 1e6:F2}"), Format($"{item.OutputBytes / 1e6:F2}"));
        }

        Terminal.Tables.Write(cases);
        foreach (IReadOnlyList<AttentionCase> series in Result.Series())
        {
            string growth = AttentionResult.Growth(series) is { } law ? Format($"time grows as N^{law.Exponent:F2}") : "one point";
            string crossover = Result.Crossover(series) is { } tokens ? Format($"; faster than softmax from N = {tokens:F0}") : "";
            Console.WriteLine($"{series[0].Kind}, d = {series[0].HeadDim}: {growth}{crossover}");
        }
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
