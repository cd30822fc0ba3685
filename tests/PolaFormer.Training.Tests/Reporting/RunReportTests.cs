using System.Globalization;
using PolaFormer.Files;
using PolaFormer.Training.Reporting;

namespace PolaFormer.Training.Tests.Reporting;

public sealed class RunReportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheTableHasALineAnEpoch()
    {
        CsvSummary.Write(_folder["summary.csv"], SampleRun.Log(isAveraged: true));
        string[][] lines = [.. File.ReadLines(_folder["summary.csv"]).Select(line => line.Split(','))];
        Assert.Equal(4, lines.Length);
        Assert.All(lines, line => Assert.Equal(lines[0].Length, line.Length));
        Dictionary<string, string> second = lines[0].Zip(lines[2]).ToDictionary(column => column.First, column => column.Second);
        Assert.Equal(("2", "20", "0.75", "0.5", "0.6", "2"), (second["epoch"], second["step"], second["train_loss"], second["val_top1"], second["ema_top1"], second["bad_images"]));
    }

    [Fact]
    public void WithoutAveragedWeightsTheirColumnsAreEmpty()
    {
        CsvSummary.Write(_folder["summary.csv"], SampleRun.Log(isAveraged: false));
        string[] head = File.ReadLines(_folder["summary.csv"]).First().Split(',');
        Assert.Equal("", File.ReadLines(_folder["summary.csv"]).Last().Split(',')[Array.IndexOf(head, "ema_top1")]);
    }

    [Fact]
    public void BothFilesAreWrittenAnewAfterEveryEpoch()
    {
        var observer = new TrainingObservers(RunFiles.Observers(_folder.Path, every: 5));
        SampleRun.Tell(observer, from: 1, to: 1);
        Assert.Equal(2, File.ReadLines(_folder["summary.csv"]).Count());
        string first = File.ReadAllText(_folder["report.html"]);
        SampleRun.Tell(observer, from: 2, to: 2, resumedFrom: "resume.safetensors");
        Assert.Equal(3, File.ReadLines(_folder["summary.csv"]).Count());
        Assert.NotEqual(first, File.ReadAllText(_folder["report.html"]));
    }

    [Fact]
    public void NamesCannotEndTheScriptThatHoldsTheData()
    {
        HtmlReport.Write(_folder["report.html"], SampleRun.Log(isAveraged: false));
        string page = File.ReadAllText(_folder["report.html"]);
        Assert.Contains("dog", page, StringComparison.Ordinal);
        Assert.DoesNotContain("</script><b>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void LongCurvesAreThinnedToTheirMeans()
    {
        RunLog log = SampleRun.Log(isAveraged: false);
        var step = StepRecord.From(SampleRun.Step(1, 1));
        ReportData data = ReportData.From(log with { Steps = SampleRun.Curves(Enumerable.Range(0, 3000).Select(i => step with { StepLoss = i % 2, GlobalStep = i })) });
        Assert.Equal(1500, data.Steps["loss"].Length);
        Assert.All(data.Steps["loss"], loss => Assert.Equal(0.5, loss));
        Assert.Equal(299.85, data.Steps["epoch"][^1]!.Value, 1e-9);
    }

    [Fact]
    public void ANaNNormIsAGap()
    {
        RunLog log = SampleRun.Log(isAveraged: false);
        ReportData data = ReportData.From(log with { Steps = SampleRun.Curves([StepRecord.From(SampleRun.Step(1, 1, double.PositiveInfinity))]) });
        Assert.Null(Assert.Single(data.Steps["gradient_norm"]));
    }

    [Fact]
    public void AFolderWithoutALogIsAnError() =>
        Assert.Contains(_folder.Path, Assert.Throws<FileException>(() => RunReport.Write(_folder.Path)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(1)]
    [InlineData(1500)]
    [InlineData(1501)]
    [InlineData(100_001)]
    public void CurvesOfAnyLengthHaveAsManyPointsAsAChartShows(int count)
    {
        var step = StepRecord.From(SampleRun.Step(1, 1));
        double[] means = SampleRun.Curves(Enumerable.Range(0, count).Select(i => step with { GlobalStep = i })).GlobalSteps;
        Assert.InRange(means.Length, Math.Min(count, 751), 1500);
        Assert.Equal(means.Order(), means);
        Assert.InRange(means[^1], count - (count / 700.0) - 1, count - 1);
    }

    [Fact]
    public void OfMoreEpochsThanATableShowsTheLastIsAmongThoseKept()
    {
        var epochs = new ThinnedEpochs();
        for (int i = 1; i <= 100_000; i++)
            epochs.Add(EpochRecord.From(SampleRun.Epoch(i)));
        EpochRecord[] kept = epochs.ToArray();
        Assert.InRange(kept.Length, 2048, 4097);
        Assert.Equal((1, 100_000), (kept[0].Epoch, kept[^1].Epoch));
        Assert.Equal(kept.Length, kept.DistinctBy(epoch => epoch.Epoch).Count());
    }

    [Fact]
    public void TheTableDoesNotDependOnTheCulture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = "," } };
            CsvSummary.Write(_folder["summary.csv"], SampleRun.Log(isAveraged: false));
            ReportData.From(SampleRun.Log(isAveraged: false));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        Assert.Contains(",0.75,", File.ReadAllText(_folder["summary.csv"]), StringComparison.Ordinal);
    }
}
