using System.CommandLine;
using PolaFormer.Cli.Bench;

namespace PolaFormer.Cli;

/// <summary><c>diff OLD NEW</c>: two results of <c>bench … --json</c> beside each other.</summary>
internal static class DiffCommand
{
    public static Command Create()
    {
        var old = new Argument<string>("OLD") { Description = "The earlier result: what 'bench … --json' printed." };
        var current = new Argument<string>("NEW") { Description = "The later one, of the same subject." };
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("diff", "Compare two results of 'bench … --json': old, new and ratio of every figure that differs.") { old, current, json };
        command.SetAction(parsed => BenchResults.Print(EarlierResult.Read(parsed.GetValue(old)!).Compare(EarlierResult.Read(parsed.GetValue(current)!)), parsed.GetValue(json)));
        return command;
    }
}
