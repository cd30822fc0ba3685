using System.CommandLine;
using PolaFormer.Analysis.Report;
using PolaFormer.LongRange;
using PolaFormer.LongRange.Data;
using PolaFormer.LongRange.Generation;

namespace PolaFormer.Cli.LongRange;

/// <summary><c>longrange inspect TASK --data DIR</c>: what the rows of a task are like.</summary>
internal static class InspectDataCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("TASK") { Description = string.Join(", ", ArenaTask.All.Select(task => task.Name)) + "." };
        var data = new Option<string>("--data") { HelpName = "DIR", Description = "Folder of the task's files; of images also an archive.", Required = true };
        var tokens = new Option<string>("--listops-tokens") { HelpName = "WHOSE", Description = "google, with closing brackets; skyformer, whose tokenizer drops them.", DefaultValueFactory = _ => "google" };
        tokens.AcceptOnlyFromAmong("google", "skyformer");
        var pairs = new Option<string>("--pairs") { HelpName = "NAME", Description = "What the files of pairs begin with; the released name by default.", DefaultValueFactory = _ => "" };
        var protocol = new Option<string>("--protocol") { HelpName = "NAME", Description = "paper or honest: whether Text is chosen by the test rows.", DefaultValueFactory = _ => "paper" };
        protocol.AcceptOnlyFromAmong("paper", "honest");
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("inspect", "Show rows, lengths, classes and floors of a task's data; bad rows are named and left out.") { name, data, tokens, pairs, protocol, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            ArenaTask task = ArenaTask.Find(parsed.GetValue(name)!);
            var source = new ArenaSource(parsed.GetValue(data)!)
            {
                ListOpsTokens = parsed.GetValue(tokens) == "skyformer" ? ListOpsTokens.Skyformer : ListOpsTokens.Google,
                Pairs = parsed.GetValue(pairs)!,
                Protocol = parsed.GetValue(protocol) == "honest" ? ArenaProtocolKind.Honest : ArenaProtocolKind.Paper,
            };
            var badRows = new BadRows(isSkipping: true);
            ArenaData rows = ArenaData.Open(task, source, badRows);
            foreach (string message in badRows.Messages)
                Console.Error.WriteLine($"polaformer: {PlainText.Of(message)}");
            SplitSummary[] splits = [new("train", rows.Train, task), new("dev", rows.Dev, task), new("test", rows.Test, task)];
            ListOpsStatistics? listOps = task == ArenaTask.ListOps && source.ListOpsTokens == ListOpsTokens.Google ? new ListOpsStatistics(rows.Train) : null;
            if (parsed.GetValue(json))
                Print(task, splits, listOps, badRows.Count);
            else
                Print(task, splits, listOps);
        });
        return command;
    }

    private static void Print(ArenaTask task, IReadOnlyList<SplitSummary> splits, ListOpsStatistics? listOps, int badRows) => Json.Print(new
    {
        task = task.Name,
        classes = task.Classes,
        bad_rows = badRows,
        splits = splits.Select(split => new
        {
            name = split.Name,
            rows = split.Rows,
            mean_length = split.MeanLength,
            median_length = split.LengthAt(0.5),
            longest = split.LengthAt(1),
            cut = split.CutShare,
            padding = split.PaddingShare,
            class_shares = split.ClassShares,
            constant_floor = split.ConstantFloor,
        }),
        root_floor = listOps?.RootFloor,
    });

    private static void Print(ArenaTask task, IReadOnlyList<SplitSummary> splits, ListOpsStatistics? listOps)
    {
        foreach (SplitSummary split in splits)
        {
            Console.WriteLine(FormattableString.Invariant(
                $"{split.Name,-6}{split.Rows,8} rows; tokens: mean {split.MeanLength:F0}, half below {split.LengthAt(0.5)}, 90 % {split.LengthAt(0.9)}, 99 % {split.LengthAt(0.99)}, most {split.LengthAt(1)}; cut {split.CutShare:P1}, padding {split.PaddingShare:P1}"));
            Console.WriteLine($"      {string.Join(", ", task.Classes.Zip(split.ClassShares, (name, share) => FormattableString.Invariant($"{name} {share:P1}")))}");
        }

        Console.WriteLine(FormattableString.Invariant($"Always the same answer is right in {splits[^1].ConstantFloor:P1} of the test rows."));
        if (listOps is not null)
            Console.WriteLine(FormattableString.Invariant($"Of the training rows, an answer by the first token alone is right in {listOps.RootFloor:P1}."));
    }
}
