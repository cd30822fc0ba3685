using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using PolaFormer.Analysis.Report;
using PolaFormer.Cli.Analysis;
using PolaFormer.Distributed;

namespace PolaFormer.Cli.Bench;

/// <summary><c>bench messages</c>: what messages between the processes take that mpirun started.</summary>
internal static class MessageBench
{
    private const int MostRounds = 1 << 20;

    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { HelpName = "N", Description = "Messages of each size.", DefaultValueFactory = _ => 51, CustomParser = Numbers.One(1, MostRounds) };
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("messages", "Measure messages between the workers that mpirun started: the latency and the rate of the link that a training on them has.") { rounds, json };
        command.SetAction(parsed => MpiWorkers.Run(workers =>
        {
            var times = LinkTimes.Measure(workers, parsed.GetValue(rounds));
            if (workers.IsFirst)
                BenchResults.Print(new Result(workers.Size, times), earlier: null, parsed.GetValue(json));
            return 0;
        }));
        return command;
    }

    private sealed class Result(int workers, LinkTimes times) : IBenchResult
    {
        private const double Micro = 1e6, Giga = 1e-9;

        public JsonObject ToJson() => new()
        {
            ["workers"] = workers,
            ["latency_us"] = times.Latency * Micro,
            ["ns_per_byte"] = times.SecondsPerByte / Giga,
            ["messages"] = Json.Node(times.Measured.Select(message => new { bytes = message.Bytes, us = message.Seconds * Micro })),
        };

        public void Print()
        {
            ConsoleTable.Print(new ReportTable(["bytes each way", "µs", "fitted µs"],
                [.. times.Measured.Select(message => (IReadOnlyList<string>)[$"{message.Bytes}", Text(message.Seconds * Micro), Text(times.SecondsOf(message.Bytes) * Micro)])]));
            Console.WriteLine(FormattableString.Invariant($"α = {times.Latency * Micro:F1} µs, β = {times.SecondsPerByte / Giga:F3} ns a byte ({Giga / times.SecondsPerByte:F2} GB/s each way at a time)"));
        }

        private static string Text(double value) => value.ToString("F1", CultureInfo.InvariantCulture);
    }
}
