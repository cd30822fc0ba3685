using System.CommandLine;
using PolaFormer.Training.Reporting;

namespace PolaFormer.Cli;

/// <summary><c>report DIR</c>: writes the report and the table of a run anew from its log.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "Folder that 'train' wrote to." };
        var command = new Command("report", "Write report.html and summary.csv of a training run from its log.") { folder };
        command.SetAction(parsed => Console.WriteLine(RunReport.Write(parsed.GetValue(folder)!)));
        return command;
    }
}
