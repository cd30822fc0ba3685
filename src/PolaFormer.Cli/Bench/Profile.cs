using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using Spectre.Console;

namespace PolaFormer.Cli.Bench;

/// <summary>Where the time of a step goes: every call of the device, in order, with the module that made it.</summary>
/// <param name="StepMs">Median time of the step under the profiler.</param>
/// <param name="GemmPeak">GFLOP/s that shares of the peak refer to.</param>
/// <param name="Calls">One entry a call.</param>
internal sealed partial record Profile(double StepMs, double GemmPeak, IReadOnlyList<ProfileEntry> Calls)
{
    // Rows below this part of the step are printed as one.
    private const double SmallestShare = 0.001;

    /// <summary>Measures a step call by call.</summary>
    /// <param name="prepare">Makes the step; runs on the profiling device, as does the step.</param>
    /// <param name="duration">How long to measure.</param>
    /// <param name="gemmPeak">GFLOP/s that shares of the peak refer to.</param>
    public static Profile Measure(Func<Action> prepare, TimeSpan duration, double gemmPeak)
    {
        var device = new ProfilingDevice(Device.Cpu, () => OperatorOrigins.CurrentModule);
        using IDisposable use = device.Use();
        using IDisposable origins = Tape.Observe(new OperatorOrigins());
        Action step = prepare();
        Sampling.WarmUp(step, duration);

        var runs = new List<DeviceCall[]>();
        var times = new List<double>();
        Sampling.Repeat(() =>
        {
            device.Clear();
            long start = Stopwatch.GetTimestamp();
            step();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            runs.Add([.. device.Calls]);
        }, duration);

        // Every run makes the same calls in the same order.
        ProfileEntry[] calls = [.. runs[0].Select((call, i) => new ProfileEntry(
            call.Caller, call.Operator, call.Result, 1, Sampling.Median(runs.Select(run => run[i].Time.TotalMilliseconds)), call.MultiplyAccumulates, call.Bytes))];
        return new Profile(Sampling.Median(times), gemmPeak, calls);
    }

    /// <summary>The calls by operator, longest first.</summary>
    public IEnumerable<ProfileEntry> ByOperator() =>
        from call in Calls
        group call by call.Operator into same
        let sum = ProfileEntry.Sum("", same.Key, [.. same])
        orderby sum.Ms descending
        select sum;

    /// <summary>The calls by layer in order of their first appearance, equal layers of a stage's blocks together: <c>block1.*.mlp.fc1</c>.</summary>
    public IEnumerable<ProfileEntry> ByLayer() =>
        from call in Calls
        group call by (Module: LastNumber().Replace(call.Module, "*"), call.Operator, call.Result) into same
        select ProfileEntry.Sum(same.Key.Module, same.Key.Operator, [.. same]);

    /// <summary>One object a call.</summary>
    public JsonObject ToJson() => Json.Object(new
    {
        step_ms = StepMs,
        outside_calls_ms = OutsideCallsMs,
        calls = Calls.Select(call => new
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
    public void Print()
    {
        Table operators = Columns(new Table().AddColumn("operator"));
        foreach (ProfileEntry entry in ByOperator())
            operators.AddRow([Markup.Escape(entry.Operator), .. Figures(entry)]);
        operators.AddRow("outside the device", "", Format($"{OutsideCallsMs:F2}"), Format($"{OutsideCallsMs / StepMs:P1}"), "", "", "", "", "");
        AnsiConsole.Write(operators);

        ILookup<bool, ProfileEntry> byLayer = ByLayer().ToLookup(entry => entry.Ms >= SmallestShare * StepMs);
        Table layers = Columns(new Table().AddColumn("layer").AddColumn("operator").AddColumn("result"));
        foreach (ProfileEntry entry in byLayer[true])
            layers.AddRow([Markup.Escape(entry.Module), Markup.Escape(entry.Operator), Markup.Escape(string.Join('×', entry.Result.AsSpan().ToArray())), .. Figures(entry)]);
        if (byLayer[false].Any())
            layers.AddRow(["the rest", "", "", .. Figures(ProfileEntry.Sum("", "", [.. byLayer[false]]))]);
        AnsiConsole.Write(layers);
        Console.WriteLine(Format($"{Calls.Count} calls; {StepMs:F2} ms a step under the profiler; peak: {GemmPeak:F0} GFLOP/s; over limit: time beyond 2·MACs at the peak."));
    }

    // Shapes, scopes, allocation and the tape.
    private double OutsideCallsMs => StepMs - Calls.Sum(call => call.Ms);

    private static Table Columns(Table table)
    {
        table.Border(TableBorder.Simple);
        foreach (string title in (string[])["calls", "ms", "share", "GFLOP/s", "of peak", "MB", "GB/s", "over limit"])
            table.AddColumn(new TableColumn(title).RightAligned());
        return table;
    }

    private string[] Figures(ProfileEntry entry) =>
    [
        $"{entry.Calls}",
        Format($"{entry.Ms:F3}"),
        Format($"{entry.Ms / StepMs:P1}"),
        entry.Macs == 0 ? "" : Format($"{entry.Gflops:F1}"),
        entry.Macs == 0 ? "" : Format($"{entry.Gflops / GemmPeak:P0}"),
        Format($"{entry.Bytes / 1e6:F2}"),
        Format($"{entry.BytesPerSecond:F1}"),
        Format($"{entry.Ms - (2 * entry.Macs / GemmPeak / 1e6):F3}"),
    ];

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<=\.)\d+(?=(\.[^.\d][^.]*)*$)")]
    private static partial Regex LastNumber();
}
