using PolaFormer.Files;
using PolaFormer.LongRange;
using PolaFormer.Reproduction.Paper;

namespace PolaFormer.Reproduction.Tests;

public sealed class ThroughputTableTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cells").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void FinishedCellsAreNotMeasuredAgain()
    {
        ReproductionOptions options = Options() with { Progress = what => Assert.Fail(what) };
        foreach (PaperThroughputs mechanism in PaperArena.Table6.Take(2))
        {
            string attention = ArenaMechanism.Resolve(mechanism.Attention, ArenaTask.Text.Length);
            options.Cells.Save(ThroughputTable.CellName(ArenaTask.Text, attention, 4), new ThroughputCell("text", attention, 32, 4, 3, mechanism.Attention == "softmax" ? 4 : 2, 1 << 20, 2, "test"));
        }

        options.Cells.Save(ThroughputTable.CutName(ArenaTask.Text), new BatchCut(4));
        ReproducedTable table = ThroughputTable.Measure(options);

        string[] Row(string what) => [.. table.Table.Rows.Single(row => row[0] == "Text (4096)" && row[1] == what).Skip(2)];
        Assert.Equal(["8.00", "16.00", "–", "–", "–", "–", "–"], Row("T ours"));
        Assert.Equal(["1.00", "2.00", "–", "–", "–", "–", "–"], Row("× softmax"));
        Assert.Equal("252.06", Row("T paper")[0]);
        Assert.All(table.Table.Rows.Where(row => row[0] != "Text (4096)" && row[1] == "T ours"), row => Assert.All(row.Skip(2), cell => Assert.Equal(ReproducedTable.NotRun, cell)));
    }

    [Fact]
    public void ADamagedCellIsNamed()
    {
        ReproductionOptions options = Options();
        options.Cells.Save(ThroughputTable.CutName(ArenaTask.Text), new BatchCut(4));
        string file = Directory.GetFiles(Path.Combine(_folder, "cells")).Single();
        File.WriteAllText(file, "{");
        Assert.Contains(file, Assert.Throws<FileException>(() => ThroughputTable.Measure(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AStepTrainsEveryPartAlike()
    {
        var task = new ArenaTask("small", "Small", 32, 16, 16, ["a", "b"]) { IsDual = true };
        using var step = new SequenceStep(task, "polarity(alpha=3)", rows: 2, parts: 2);
        step.Run();
    }

    private ReproductionOptions Options() => new(_folder) { Tasks = ["text"], Mechanisms = ["softmax", "kernelized"] };
}
