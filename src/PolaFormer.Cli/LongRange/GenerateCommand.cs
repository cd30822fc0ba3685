using System.CommandLine;
using System.Diagnostics;
using PolaFormer.LongRange.Data;
using PolaFormer.LongRange.Generation;

namespace PolaFormer.Cli.LongRange;

/// <summary><c>longrange generate listops|pathfinder --output DIR</c>: makes data by their authors' rules.</summary>
internal static class GenerateCommand
{
    private const int MostRows = 100_000_000;

    public static Command Create() => new("generate", "Make the data of a task by its authors' rules; they are of the released data's distribution, not those data.")
    {
        ListOps(),
        Pathfinder(),
    };

    private static Command ListOps()
    {
        Option<string> output = Output("Folder of basic_train.tsv, basic_val.tsv and basic_test.tsv.");
        Option<int> seed = Seed();
        Option<int>[] rows = [.. ListOpsGenerator.ReleasedSizes.Select(size => Rows($"--{size.Split}", $"Rows of basic_{size.Split}.tsv.", size.Rows))];
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("listops", "Nested lists of 500 to 2,000 tokens, and their values.") { output, seed, rows[0], rows[1], rows[2], threads, json };
        command.SetAction(parsed => Stoppable(stop =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            long start = Stopwatch.GetTimestamp();
            (string Split, int Rows)[] sizes = [.. ListOpsGenerator.ReleasedSizes.Zip(rows, (size, option) => (size.Split, parsed.GetValue(option)))];
            (IReadOnlyList<SequenceExample> made, long trees) = ListOpsGenerator.WriteFiles(parsed.GetValue(output)!, sizes, (ulong)parsed.GetValue(seed), stop);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var statistics = new ListOpsStatistics(made);
            if (parsed.GetValue(json))
                Json.Print(new { rows = made.Count, trees, seconds, mean_length = statistics.MeanLength, constant_floor = statistics.ConstantFloor, root_floor = statistics.RootFloor });
            else
                Console.WriteLine(FormattableString.Invariant($"{made.Count} rows of {trees} trees in {seconds:F1} s: {statistics.MeanLength:F0} ± {statistics.LengthDeviation:F0} tokens; always the same answer is right in {statistics.ConstantFloor:P1}, one by the first token in {statistics.RootFloor:P1}"));
        }));
        return command;
    }

    private static Command Pathfinder()
    {
        Option<string> output = Output("Folder in which the set's folder is made, such as curv_contour_length_14.");
        Option<int> seed = Seed(), count = Rows("--count", "Images.", PathfinderFiles.ReleasedSize);
        var contour = new Option<int>("--contour") { HelpName = "N", Description = "Dashes of a long line: 14, or 9 and 6 for the easier sets.", DefaultValueFactory = _ => 14, CustomParser = Numbers.One(6, 14) };
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("pathfinder", "Images of 32 × 32 pixels with dashed lines and two discs, joined by a line or not.") { output, seed, count, contour, threads, json };
        command.SetAction(parsed => Stoppable(stop =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            if (parsed.GetValue(contour) is not (6 or 9 or 14))
                throw new ArgumentException($"--contour takes 14, 9 or 6, the sets of Long Range Arena; got {parsed.GetValue(contour)}.");
            long start = Stopwatch.GetTimestamp();
            bool isShown = !parsed.GetValue(json) && !Console.IsErrorRedirected;
            PathfinderStatistics made = PathfinderFiles.Write(
                parsed.GetValue(output)!, parsed.GetValue(count), (ulong)parsed.GetValue(seed), parsed.GetValue(contour), isShown ? done => Terminal.Error.Write($"\r{done} images") : null, stop);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (isShown)
                Terminal.Error.Write("\r\e[K");
            if (parsed.GetValue(json))
                Json.Print(new { images = made.Count, seconds, mean_grey = made.MeanGrey, zeros = made.ZeroShare, pieces = made.Pieces, distractors = made.Distractors, positive = made.PositiveShare });
            else
                Console.WriteLine(FormattableString.Invariant($"{made.Count} images in {seconds:F1} s: mean grey {made.MeanGrey:F1}, {made.ZeroShare:P1} black, {made.Pieces:F1} pieces and {made.Distractors:F2} short lines an image, {made.PositiveShare:P1} joined"));
        }));
        return command;
    }

    private static Option<string> Output(string description) => new("--output", "-o") { HelpName = "DIR", Description = description, Required = true };

    private static Option<int> Seed() => new("--seed") { HelpName = "N", Description = "What the data follow from, whatever the number of threads.", DefaultValueFactory = _ => 0, CustomParser = Numbers.One(0, int.MaxValue) };

    private static Option<int> Rows(string name, string description, int released) =>
        new(name) { HelpName = "N", Description = description, DefaultValueFactory = _ => released, CustomParser = Numbers.One(1, MostRows) };

    private static int Stoppable(Action<CancellationToken> run)
    {
        using var stop = new StopSignals();
        try
        {
            run(stop.Token);
            return 0;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Stopped; what was made is not complete. Remove it before the next try.");
            return 130;
        }
    }
}
