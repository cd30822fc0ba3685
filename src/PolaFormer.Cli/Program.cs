using System.CommandLine;
using PolaFormer.Cli;
using PolaFormer.Cli.Analysis;

Option<string[]> plugins = Plugin.Option();
var root = new RootCommand("PolaFormer: polarity-aware linear attention for vision, in .NET.")
{
    plugins,
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
};
return UserErrors.Run(() =>
{
    Terminal.Use();

    // An image may be called @home.jpg; it is no file of arguments.
    ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    UserErrors.Check(parsed);
    foreach (string library in parsed.GetValue(plugins)!)
        Plugin.Load(library);
    return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
});
