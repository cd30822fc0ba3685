using System.Text;
using PolaFormer.LongRange.Data;
using PolaFormer.LongRange.Generation;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.LongRange.Tests;

/// <summary>Rows like those of Google's generator, whose figures were measured on three seeds of a thousand rows.</summary>
public class ListOpsGeneratorTests
{
    private const int Rows = 6000;

    private static readonly Lazy<(ListOpsStatistics Statistics, long Trees)> s_made = new(() =>
    {
        (IReadOnlyList<SequenceExample> rows, long trees) = ListOpsGenerator.Make(Rows, seed: 1);
        return (new ListOpsStatistics(rows), trees);
    });

    private static ListOpsStatistics Statistics => s_made.Value.Statistics;

    [Fact]
    public void AsManyTreesAreDrawnForARow() => Near(11.9, 0.06 * 11.9, (double)s_made.Value.Trees / Rows);

    [Fact]
    public void LengthsAreDistributedAlike()
    {
        Near(1045, 22, Statistics.MeanLength);
        Near(400, 12, Statistics.LengthDeviation);
        Near(965, 35, Statistics.MedianLength);
        Near([29.5, 23.5, 17.5, 12.8, 9.4, 7.3], 2.5, Statistics.LengthShares);
        Assert.InRange(Statistics.Shortest, 501, 520);
        Assert.InRange(Statistics.Longest, 1980, 1999);
    }

    [Fact]
    public void NodesAreDistributedAlike()
    {
        Assert.True(Statistics.NestedNine >= 0.999, $"{Statistics.NestedNine}");
        Near([24.96, 25.07, 25.00, 24.97], 0.5, Statistics.OperatorShares);
        Near([10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0.2, Statistics.ValueShares);
        Near([10.9, 10.9, 11.1, 11.1, 11.2, 11.1, 11.3, 11.2, 11.3], 0.4, Statistics.ArgumentShares);
        Near(0.834, 0.002, Statistics.ValuesAmongNodes);
    }

    [Fact]
    public void AnswersAreDistributedAlike()
    {
        Near([25.9, 23.8, 26.2, 24.2], 3, Statistics.RootShares);
        Near([17.9, 9.0, 7.6, 7.9, 8.5, 9.0, 7.9, 7.1, 9.0, 16.1], 2.2, Statistics.ClassShares);
        Near(0.578, 0.05, Statistics.AnswerShare(root: 2, value: 0));
        Near(0.527, 0.05, Statistics.AnswerShare(root: 0, value: 9));
        Near(0.212, 0.05, Statistics.AnswerShare(root: 1, value: 4));
        Near(0.364, 0.02, Statistics.RootFloor);
    }

    [Fact]
    public void TheRowsDoNotDependOnTheNumberOfThreads()
    {
        int before = Workers.ThreadCount;
        try
        {
            Workers.ThreadCount = 1;
            IReadOnlyList<SequenceExample> one = ListOpsGenerator.Make(300, seed: 5).Rows;
            Workers.ThreadCount = 3;
            IReadOnlyList<SequenceExample> three = ListOpsGenerator.Make(300, seed: 5).Rows;
            Assert.Equal(one.Select(row => row.First), three.Select(row => row.First));
            Assert.NotEqual(one[0].First, ListOpsGenerator.Make(1, seed: 6).Rows[0].First);
        }
        finally
        {
            Workers.ThreadCount = before;
        }
    }

    [Fact]
    public void WrittenRowsAreReadAsTheyWereMade()
    {
        using var folder = new TemporaryFolder();
        (IReadOnlyList<SequenceExample> rows, _) = ListOpsGenerator.WriteFiles(folder.Path, [("train", 20), ("val", 3), ("test", 2)], seed: 3);
        List<SequenceExample> read = ListOpsFile.Read(Path.Combine(folder.Path, "basic_train.tsv"), ListOpsTokens.Google, 2000, new BadRows(false));
        Assert.Equal(rows.Take(20).Select(row => (Convert.ToHexString(row.First), row.Label)), read.Select(row => (Convert.ToHexString(row.First), row.Label)));
        Assert.All(read, row => Assert.Equal(row.Label, ListOpsExpression.Evaluate(row.First)));
        Assert.Equal(2, ListOpsFile.Read(Path.Combine(folder.Path, "basic_test.tsv"), ListOpsTokens.Google, 2000, new BadRows(false)).Count);
    }

    [Theory]
    [InlineData("( ( ( ( [SM 4 ) ( ( ( [MIN 7 ) 3 ) ] ) ) 9 ) ] )")]
    [InlineData("7")]
    [InlineData("( ( ( [MED 0 ) 9 ) ] )")]
    public void AnExpressionIsWrittenAsTheOriginalDoes(string expression)
    {
        var text = new StringBuilder();
        ListOpsExpression.Write(ListOpsEncoder.Encode(Encoding.UTF8.GetBytes(expression), ListOpsTokens.Google, 2000), text);
        Assert.Equal(expression, text.ToString());
    }

    [Theory]
    [InlineData("[MAX 3 4", "not closed")]
    [InlineData("[MAX ]", "Token 2")]
    [InlineData("3 4", "ends at token 1")]
    [InlineData("[MAX 3 + ]", "Token 3")]
    public void WhatIsNoExpressionIsRefused(string expression, string part) =>
        Assert.Contains(part, Assert.Throws<ArgumentException>(() => ListOpsExpression.Evaluate(ListOpsEncoder.Encode(Encoding.UTF8.GetBytes(expression), ListOpsTokens.Google, 2000))).Message);

    private static void Near(double expected, double tolerance, double actual) => Assert.InRange(actual, expected - tolerance, expected + tolerance);

    // In percent.
    private static void Near(double[] expected, double tolerance, IReadOnlyList<double> actual)
    {
        Assert.Equal(expected.Length, actual.Count);
        for (int i = 0; i < expected.Length; i++)
            Near(expected[i], tolerance, 100 * actual[i]);
    }
}
