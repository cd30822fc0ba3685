using System.CommandLine;
using PolaFormer.Cli;
using PolaFormer.Cli.Analysis;
using Spectre.Console;

// Escape codes and a window's width only for people: a pipe or a file gets plain text in whole lines.
if (Console.IsOutputRedirected)
{
    AnsiConsole.Profile.Capabilities.Ansi = false;
    AnsiConsole.Profile.Width = 200;
}

var root = new RootCommand("PolaFormer: polarity-aware linear attention for vision, in .NET.")
{
    PredictCommand.Create(),
    ModelsCommand.Create(),
    InspectCommand.Create(),
    ConvertCommand.Create(),
    ExportCommand.Create(),
    BenchCommand.Create(),
    TrainCommand.Create(),
    EvalCommand.Create(),
    ReportCommand.Create(),
    AttentionCommand.Create(),
    EntropyCommand.Create(),
    GatesCommand.Create(),
    CompareCommand.Create(),
    ConformanceCommand.Create(),
};
return UserErrors.Run(() => root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
