using System.CommandLine;
using PolaFormer.Cli;
using Spectre.Console;

// Escape codes only for people: a pipe or a file gets plain text.
if (Console.IsOutputRedirected)
    AnsiConsole.Profile.Capabilities.Ansi = false;

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
    ConformanceCommand.Create(),
};
return UserErrors.Run(() => root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
