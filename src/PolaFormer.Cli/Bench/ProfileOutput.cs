using System.Globalization;
using System.Text.Json.Nodes;
using PolaFormer.Measurement;
using Spectre.Console;
using Profile = PolaFormer.Measurement.Profile;

namespace PolaFormer.Cli.Bench;

/// <summary>A profile for people and for programs.</summary>
internal static class ProfileOutput
{
    // Rows below this part of the step are printed as one.
    private const double SmallestShare = 0.001;

    /// <summary>One object a call.</summary>
    public static JsonObject ToJson(Profile profile) => Json.Object(new
    {
        step_ms = profile.StepMs,
        outside_calls_ms = profile.OutsideCallsMs,
        calls = profile.Calls.Select(call => new
        {
            module = call.Module,
            @operator = call.Operator,
            shape = call.Result.AsSpan().ToArray(),
            ms = call.Ms,
            macs = call.Macs,
            bytes = call.Bytes,
        }),
    });

    /// <summary>Prints both tables.</summary>
    public static void Print(Profile profile)
    {
        Table operators = Columns(new Table().AddColumn("operator"));
        foreach (ProfileEntry entry in profile.ByOperator())
            operators.AddRow([Markup.Escape(entry.Operator), .. Figures(profile, entry)]);
        operators.AddRow("outside the device", "", Format($"{profile.OutsideCallsMs:F2}"), Format($"{profile.OutsideCallsMs / profile.StepMs:P1}"), "", "", "", "", "");
        Terminal.Tables.Write(operators);

        ILookup<bool, ProfileEntry> byLayer = profile.ByLayer().ToLookup(entry => entry.Ms >= SmallestShare * profile.StepMs);
        Table layers = Columns(new Table().AddColumn("layer").AddColumn("operator").AddColumn("result"));
        foreach (ProfileEntry entry in byLayer[true])
            layers.AddRow([Markup.Escape(entry.Module), Markup.Escape(entry.Operator), Markup.Escape(string.Join('×', entry.Result.AsSpan().ToArray())), .. Figures(profile, entry)]);
        if (byLayer[false].Any())
            layers.AddRow(["the rest", "", "", .. Figures(profile, ProfileEntry.Sum("", "", [.. byLayer[false]]))]);
        Terminal.Tables.Write(layers);
        Console.WriteLine(Format($"{profile.Calls.Count} calls; {profile.StepMs:F2} ms a step under the profiler; peak: {profile.GemmPeak:F0} GFLOP/s; over limit: time beyond 2·MACs at the peak."));
    }

    private static Table Columns(Table table)
    {
        table.Border(TableBorder.Simple);
        foreach (string title in (string[])["calls", "ms", "share", "GFLOP/s", "of peak", "MB", "GB/s", "over limit"])
            table.AddColumn(new TableColumn(title).RightAligned());
        return table;
    }

    private static string[] Figures(Profile profile, ProfileEntry entry) =>
    [
        $"{entry.Calls}",
        Format($"{entry.Ms:F3}"),
        Format($"{entry.Ms / profile.StepMs:P1}"),
        entry.Macs == 0 ? "" : Format($"{entry.Gflops:F1}"),
        entry.Macs == 0 ? "" : Format($"{entry.Gflops / profile.GemmPeak:P0}"),
        Format($"{entry.Bytes / 1e6:F2}"),
        Format($"{entry.BytesPerSecond:F1}"),
        Format($"{entry.Ms - (2 * entry.Macs / profile.GemmPeak / 1e6):F3}"),
    ];

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
