using System.CommandLine;
using PolaFormer.Cli.Analysis;
using PolaFormer.Cli.Bench;
using PolaFormer.Cli.LongRange;
using PolaFormer.Cli.Reproduce;

namespace PolaFormer.Cli;

/// <summary>What makes each command, by its name.</summary>
internal static class Commands
{
    /// <summary>All of them; making a command's options takes milliseconds, so they are made when they are asked for.</summary>
    public static IReadOnlyDictionary<string, Func<Command>> All { get; } = new Dictionary<string, Func<Command>>
    {
        ["predict"] = PredictCommand.Create,
        ["models"] = ModelsCommand.Create,
        ["fetch"] = FetchCommand.Create,
        ["inspect"] = InspectCommand.Create,
        ["convert"] = ConvertCommand.Create,
        ["export"] = ExportCommand.Create,
        ["train"] = TrainCommand.Create,
        ["eval"] = EvalCommand.Create,
        ["report"] = ReportCommand.Create,
        ["analyze"] = AnalyzeCommand.Create,
        ["bench"] = BenchCommand.Create,
        ["diff"] = DiffCommand.Create,
        ["longrange"] = LongRangeCommand.Create,
        ["reproduce"] = ReproduceCommand.Create,
        ["serve"] = ServeCommand.Create,
        ["completion"] = CompletionCommand.Create,
    };
}
