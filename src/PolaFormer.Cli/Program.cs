using System.CommandLine;
using PolaFormer.Cli;

MpiWorkers.LeaveTerminalAsItIs();
args = EarlierNames.Replace(args);

// Making a command's options takes milliseconds: where the first argument names one, the others are not made.
Option<string[]> plugins = Plugin.Option();
var root = new RootCommand("PolaFormer: polarity-aware linear attention for vision, in .NET.") { plugins };
foreach (Func<Command> create in args is [string name, ..] && Commands.All.TryGetValue(name, out Func<Command>? named) ? [named] : Commands.All.Values)
    root.Add(create());
CommandHelp.Use(root);
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
