using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using PolaFormer.Analysis.Report;
using Spectre.Console;

namespace PolaFormer.Cli.Bench;

/// <summary>Prints results, and results beside earlier ones.</summary>
internal static class BenchResults
{
    /// <summary>An earlier result, which <c>diff</c> takes now.</summary>
    public static Option<string?> Earlier() => new("--compare") { Hidden = true };

    /// <summary>The earlier result, read before work begins; null for none.</summary>
    public static EarlierResult? Read(string? path) => path is null ? null : EarlierResult.Read(path);

    /// <summary>Prints a result.</summary>
    /// <param name="result">The figures.</param>
    /// <param name="earlier">Those to hold them against; null for none.</param>
    /// <param name="asJson">Whether to print JSON.</param>
    public static void Print(IBenchResult result, EarlierResult? earlier, bool asJson)
    {
        // As a reader of the JSON would see it: numbers of one kind.
        JsonObject json = JsonNode.Parse(result.ToJson().ToJsonString())!.AsObject();
        IReadOnlyList<ComparedFigure>? figures = earlier?.Compare(json);
        if (asJson)
        {
            if (figures is not null)
                json["compared"] = ToJson(figures);
            Json.Print(json);
            return;
        }

        result.Print();
        if (figures is not null)
            Print(figures, asJson: false);
    }

    /// <summary>Prints the figures of two results that are not the same.</summary>
    public static void Print(IReadOnlyList<ComparedFigure> figures, bool asJson)
    {
        if (asJson)
        {
            Json.Print(ToJson(figures)!);
            return;
        }

        Table table = new Table().Border(TableBorder.Simple).AddColumn("figure");
        foreach (string title in (string[])["old", "new", "new / old"])
            table.AddColumn(new TableColumn(title).RightAligned());
        foreach (ComparedFigure figure in figures)
            table.AddRow(Markup.Escape(PlainText.Of(figure.Name)), Number(figure.Old), Number(figure.New), figure.Ratio is { } ratio ? ratio.ToString("F3", CultureInfo.InvariantCulture) : "–");
        Terminal.Tables.Write(table);
        Console.WriteLine("Figures that are equal are left out.");
    }

    private static JsonNode? ToJson(IReadOnlyList<ComparedFigure> figures) =>
        Json.Node(figures.Select(figure => new { name = figure.Name, old = figure.Old, @new = figure.New, ratio = figure.Ratio }));

    private static string Number(double? value) => value?.ToString(Math.Abs(value.Value) >= 1e6 ? "#,0" : "0.###", CultureInfo.InvariantCulture) ?? "–";
}
