using System.CommandLine;
using PolaFormer.Cli;

var root = new RootCommand("PolaFormer: polarity-aware linear attention for vision, in .NET.")
{
    PredictCommand.Create(),
    ModelsCommand.Create(),
    InspectCommand.Create(),
    ConvertCommand.Create(),
    BenchCommand.Create(),
    TrainCommand.Create(),
    EvalCommand.Create(),
    ConformanceCommand.Create(),
};
return UserErrors.Run(() => root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
