using System.CommandLine;
using PolaFormer.Cli.Analysis;
using PolaFormer.LongRange;
using PolaFormer.Reproduction;

namespace PolaFormer.Cli.Reproduce;

/// <summary><c>reproduce WHAT</c>: a table or figure of the paper, our figures beside the printed ones.</summary>
internal static class ReproduceCommand
{
    private const int MostSteps = 100_000_000, MostSeeds = 1000, MostImages = 5;
    private const double MostMinutes = 1e6;

    public static Command Create()
    {
        var what = new Argument<string>("WHAT") { Description = "table4, a4: accuracy on Long Range Arena, by training. table6: time and memory there. table1, table3, table5: parameters and multiply-accumulates. figure1, figure3, figure5, figure6: attention, gates and entropy for an image, attention for several. theorem1: entropy under convex maps." };
        what.AcceptOnlyFromAmong("table4", "a4", "table6", "table1", "table3", "table5", "figure1", "figure3", "figure5", "figure6", "theorem1");
        Option<string[]> tasks = Names("--tasks", "Tasks of Long Range Arena; all of the table by default."), mechanisms = Names("--mechanisms", "Mechanisms; all of the table by default.");
        var data = new Option<string[]>("--data") { HelpName = "TASK=DIR", Description = "Where the rows of tasks lie, for table4 and a4; of other tasks only finished cells are shown.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        var opts = new Option<string[]>("--opts") { HelpName = "KEY VALUE", Description = "Keys and values over the recipes in configs/long_range: LONG_RANGE.PROTOCOL honest.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        var steps = new Option<int>("--steps") { HelpName = "N", Description = "Steps of a cell; those of the recipe, or 20 of table 6, by default.", CustomParser = Numbers.One(1, MostSteps) };
        var seeds = new Option<int>("--seeds") { HelpName = "N", Description = "Runs with different seeds.", DefaultValueFactory = _ => 1, CustomParser = Numbers.One(1, MostSeeds) };
        var minutes = new Option<double>("--minutes") { HelpName = "N", Description = "Time for the measurements of table 6: cells share it; each has one step at least.", DefaultValueFactory = _ => 10, CustomParser = Numbers.One(0.0, MostMinutes) };
        var image = new Option<string?>("--image") { HelpName = "FILE", Description = "The image of a figure, or the folder of figure6, of which five images are shown; by default those that are shipped." };
        var query = new Option<string?>("--query") { HelpName = "X,Y", Description = "Pixel of figure1's image whose row of attention is drawn; the middle by default." };
        Option<string?> checkpoint = AnalysisOptions.Checkpoint();
        var output = new Option<string>("--output", "-o") { HelpName = "DIR", Description = "Folder of results and finished cells; what is found there is not computed again.", DefaultValueFactory = _ => "reproduced" };
        Option<int?> threads = CommonOptions.Threads();
        Option<string?> device = CommonOptions.Device();
        var command = new Command("reproduce", "Make a table or figure of the paper, ours beside the printed figures.") { what, data, tasks, mechanisms, steps, seeds, minutes, image, query, checkpoint, output, threads, device, opts };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            using IDisposable used = CommonOptions.UseDevice(parsed.GetValue(device));
            using var stop = new StopSignals();
            var options = new ReproductionOptions(parsed.GetValue(output)!)
            {
                Tasks = Split(parsed.GetValue(tasks)),
                Mechanisms = NN.Attention.AttentionRegistry.Names(parsed.GetValue(mechanisms) ?? []),
                Steps = parsed.GetValue(steps),
                Seeds = parsed.GetValue(seeds),
                Minutes = parsed.GetValue(minutes),
                Data = DataOf(parsed.GetValue(data)),
                Overrides = parsed.GetValue(opts) ?? [],
                Recipes = parsed.GetValue(what) is "table4" or "a4" ? ShippedFolder.Find(Path.Combine("configs", "long_range")) : "",
                Stop = stop.Token,
                Progress = Tell,
            };
            IEnumerable<ProbedImage> Probed() => ProbedImage.Each(parsed.GetValue(image) ?? ShippedImages(parsed.GetValue(what)!), parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find(), null, MostImages);
            ReproducedTable table = parsed.GetValue(what) switch
            {
                "table1" => ModelTable.Table1(Tell),
                "table3" => ModelTable.Table3(Tell),
                "table5" => ModelTable.Table5(Tell),
                "table4" => AccuracyTable.Table4(options),
                "a4" => AccuracyTable.TableA4(options),
                "table6" => ThroughputTable.Measure(options),
                "figure1" => FigureTables.Figure1(Probed().First(), parsed.GetValue(query)),
                "figure3" => FigureTables.Figure3(Probed().First()),
                "figure5" => FigureTables.Figure5(Probed().First()),
                "figure6" => FigureTables.Figure6(Probed()),
                _ => TheoremTable.Of(TheoremTable.TryAll()),
            };
            Show(table, options.Folder);
            if (!stop.Token.IsCancellationRequested)
                return 0;
            Console.Error.WriteLine("Stopped; the same command continues.");
            return 130;
        });
        return command;
    }

    // The cat, whose middle is the animal; of several images the whole folder.
    private static string ShippedImages(string what)
    {
        try
        {
            string folder = ShippedFolder.Find(Path.Combine("samples", "images"));
            return what == "figure6" ? folder : Path.Combine(folder, "cat.jpg");
        }
        catch (DirectoryNotFoundException)
        {
            throw new ArgumentException($"{what} shows an image: name one with --image.");
        }
    }

    private static Dictionary<string, string> DataOf(string[]? arguments)
    {
        var folders = new Dictionary<string, string>();
        foreach (string argument in arguments ?? [])
        {
            string[] parts = argument.Split('=', 2);
            if (parts is not [string task, { Length: > 0 } folder] || !folders.TryAdd(ArenaTask.Find(task).Name, folder))
                throw new ArgumentException($"--data takes TASK=DIR, each task once, not '{argument}'.");
        }

        return folders;
    }

    private static void Show(ReproducedTable table, string folder)
    {
        if (!Console.IsErrorRedirected)
            Terminal.Error.Write("\r\u001b[K");
        Console.WriteLine(table.Title);
        ConsoleTable.Print(table.Table);
        foreach (string note in table.Notes)
            Console.WriteLine($"- {note}");
        Console.WriteLine();
        Console.WriteLine(string.Join(' ', table.Write(folder)));
    }

    private static void Tell(string what)
    {
        if (Console.IsErrorRedirected)
            Console.Error.WriteLine(what);
        else
            Terminal.Error.Write($"\r\u001b[K{what}");
    }

    private static Option<string[]> Names(string name, string description) => new(name) { HelpName = "NAME,…", Description = description, AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };

    private static string[] Split(string[]? names) => [.. (names ?? []).SelectMany(part => part.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
}
