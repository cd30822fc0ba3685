namespace PolaFormer.Reproduction.Tests;

public sealed class AccuracyTableTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("accuracies").FullName;

    public AccuracyTableTests()
    {
        foreach ((string split, int rows) in (Dictionary<string, int>)new() { ["train"] = 16, ["val"] = 4, ["test"] = 8 })
            File.WriteAllText(Path.Combine(_folder, $"basic_{split}.tsv"), "Source\tTarget\n" + string.Concat(Enumerable.Range(0, rows).Select(i => $"( ( ( [MAX {i % 10} ) {i % 7} ) ] )\t{Math.Max(i % 10, i % 7)}\n")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void RunsAreTrainedOnceAndShownBesideThePaper()
    {
        string[] first = Cells(AccuracyTable.Table4(Options()));
        Assert.Contains("±", first[0], StringComparison.Ordinal);
        Assert.Equal("37.95", first[1]);

        string[] again = Cells(AccuracyTable.Table4(Options() with { Data = new Dictionary<string, string>(), Progress = what => Assert.Fail(what) }));
        Assert.Equal(first, again);
    }

    [Fact]
    public void ARunThatWasStoppedIsMissingAndGoesOn()
    {
        using var stop = new CancellationTokenSource();
        ReproducedTable stopped = AccuracyTable.Table4(Options() with
        {
            Stop = stop.Token,
            Progress = what =>
            {
                if (what.Contains("step 2 of 4", StringComparison.Ordinal))
                    stop.Cancel();
            },
        });
        Assert.Equal(ReproducedTable.NotRun, Cells(stopped)[0]);

        var told = new List<string>();
        string[] resumed = Cells(AccuracyTable.Table4(Options() with { Progress = told.Add }));
        Assert.DoesNotContain(told, what => what.Contains("seed 0: step 2 of 4", StringComparison.Ordinal));
        Directory.Delete(Path.Combine(_folder, "cells"), recursive: true);
        Directory.Delete(Path.Combine(_folder, "runs"), recursive: true);
        Assert.Equal(Cells(AccuracyTable.Table4(Options())), resumed);
    }

    [Fact]
    public void WithoutDataNothingIsTrained() =>
        Assert.Contains("--data", Assert.Throws<ArgumentException>(() => AccuracyTable.TableA4(Options() with { Data = new Dictionary<string, string>() })).Message, StringComparison.Ordinal);

    private static string[] Cells(ReproducedTable table) => [.. table.Table.Rows.Single(row => row[0] == "Nystrom").Skip(3).Take(2)];

    private ReproductionOptions Options() => new(_folder)
    {
        Tasks = ["listops"],
        Mechanisms = ["nystromformer"],
        Steps = 4,
        Seeds = 2,
        Recipes = RecipeFolder(),
        Data = new Dictionary<string, string> { ["listops"] = _folder },
        Overrides =
        [
            "DATA.BATCH_SIZE", "4", "LONG_RANGE.STEPS_PER_EPOCH", "2", "LONG_RANGE.DEV_BATCHES", "1", "LONG_RANGE.MAX_LENGTH", "16",
            "LONG_RANGE.DIM", "8", "LONG_RANGE.HIDDEN_DIM", "8", "LONG_RANGE.HEAD_DIM", "4", "LONG_RANGE.NUM_LAYERS", "1",
        ],
    };

    private static string RecipeFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder.FullName, "configs", "long_range")))
            folder = folder.Parent!;
        return Path.Combine(folder.FullName, "configs", "long_range");
    }
}
