using System.Text.Json.Nodes;
using PolaFormer.Cli.Bench;

namespace PolaFormer.Cli.Tests.Bench;

public sealed class EarlierResultTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void FiguresAreComparedByName()
    {
        IReadOnlyList<ComparedFigure> figures = Compare(
            """{"model":"m","threads":2,"median_ms":40,"gflops":100,"gone":1}""",
            """{"model":"m","threads":2,"median_ms":30,"gflops":100,"new":0}""");
        Assert.Equal([new("median_ms", 40, 30), new("new", null, 0), new("gone", 1, null)], figures);
        Assert.Equal([0.75, null, null], figures.Select(figure => figure.Ratio));
    }

    [Fact]
    public void ItemsOfListsAreTheSameByWhatTheyMeasure()
    {
        IReadOnlyList<ComparedFigure> figures = Compare(
            """{"threads":1,"attention":[{"kind":"softmax","head_dim":64,"tokens":196,"median_ms":2},{"kind":"polarity","head_dim":64,"tokens":196,"median_ms":4}]}""",
            """{"threads":1,"attention":[{"kind":"polarity","head_dim":64,"tokens":196,"median_ms":1}]}""");
        Assert.Contains(new ComparedFigure("attention[polarity 64 196].median_ms", 4, 1), figures);
        Assert.Contains(new ComparedFigure("attention[softmax 64 196].median_ms", 2, null), figures);
    }

    [Fact]
    public void RepeatedCallsOfALayerAreToldApart()
    {
        const string Before = """{"model":"m","threads":1,"profile":{"calls":[{"module":"a","operator":"Add","ms":1},{"module":"a","operator":"Add","ms":2}]}}""";
        ComparedFigure figure = Assert.Single(Compare(Before, Before.Replace("\"ms\":2", "\"ms\":3", StringComparison.Ordinal)));
        Assert.Equal(new ComparedFigure("profile.calls[a Add #2].ms", 2, 3), figure);
    }

    [Fact]
    public void MechanismsAreTheSameByNameAndTokens()
    {
        const string Before = """[{"mechanism":"softmax","tokens":196,"milliseconds":2},{"mechanism":"polarity","tokens":196,"milliseconds":4}]""";
        string later = Path.GetTempFileName();
        File.WriteAllText(_file, Before);
        File.WriteAllText(later, Before.Replace("4", "1", StringComparison.Ordinal));
        Assert.Equal([new ComparedFigure("mechanisms[polarity 196].milliseconds", 4, 1)], EarlierResult.Read(_file).Compare(EarlierResult.Read(later)));
        File.Delete(later);
    }

    [Theory]
    [InlineData("""{"model":"other","threads":2}""")]
    [InlineData("""{"model":"m","threads":2,"managed_bytes_per_step":1}""")]
    [InlineData("""{"threads":2,"attention":[]}""")]
    public void AnotherSubjectIsRefused(string earlier) =>
        Assert.Contains(_file, Assert.Throws<ArgumentException>(() => Compare(earlier, """{"model":"m","threads":2}""")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("time 5 ms")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    public void WhatIsNoResultIsRefused(string contents) =>
        Assert.Contains("--json", Assert.Throws<ArgumentException>(() => Compare(contents, "{}")).Message, StringComparison.Ordinal);

    private IReadOnlyList<ComparedFigure> Compare(string earlier, string current)
    {
        File.WriteAllText(_file, earlier);
        return EarlierResult.Read(_file).Compare(JsonNode.Parse(current)!.AsObject());
    }
}
