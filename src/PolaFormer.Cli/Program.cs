using System.CommandLine;
using PolaFormer.Cli;
using PolaFormer.Cli.Analysis;
using PolaFormer.Cli.LongRange;
using PolaFormer.Cli.Reproduce;

var commands = new Dictionary<string, Func<Command>>
{
    ["predict"] = PredictCommand.Create,
    ["models"] = ModelsCommand.Create,
    ["fetch"] = FetchCommand.Create,
    ["inspect"] = InspectCommand.Create,
    ["convert"] = ConvertCommand.Create,
    ["export"] = ExportCommand.Create,
    ["bench"] = BenchCommand.Create,
    ["train"] = TrainCommand.Create,
    ["eval"] = EvalCommand.Create,
    ["report"] = ReportCommand.Create,
    ["attention"] = AttentionCommand.Create,
    ["entropy"] = EntropyCommand.Create,
    ["gates"] = GatesCommand.Create,
    ["compare"] = CompareCommand.Create,
    ["longrange"] = LongRangeCommand.Create,
    ["reproduce"] = ReproduceCommand.Create,
};

// Making a command's options takes milliseconds: where the first argument names one, the others are not made.
Option<string[]> plugins = Plugin.Option();
var root = new RootCommand("PolaFormer: polarity-aware linear attention for vision, in .NET.") { plugins };
foreach (Func<Command> create in args is [string name, ..] && commands.TryGetValue(name, out Func<Command>? named) ? [named] : commands.Values.AsEnumerable())
    root.Add(create());
return UserErrors.Run(() =>
{
    Terminal.Use();

    // An image may be called @home.jpg; it is no file of arguments.
    ParseResult parsed = root.Parse(args is ["fetch", ..] ? args : HubFiles.Replace(args), new ParserConfiguration { ResponseFileTokenReplacer = null });
    UserErrors.Check(parsed);
    foreach (string library in parsed.GetValue(plugins)!)
        Plugin.Load(library);
    return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
});
