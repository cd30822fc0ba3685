using PolaFormer.LongRange.Data;

namespace PolaFormer.LongRange.Generation;

/// <summary>What rows of ListOps are like: the figures by which a generator is held to the original.</summary>
public sealed class ListOpsStatistics
{
    private const int BinWidth = 250, FirstBin = 500, Bins = 6, MostArguments = 10;

    private readonly int[] _lengths;
    private readonly long[] _values = new long[10], _arguments = new long[MostArguments + 1], _operators = new long[4];
    private readonly int[] _roots = new int[4], _classes = new int[10];
    private readonly int[,] _answers = new int[4, 10];
    private long _deepRows;

    /// <summary>Counts rows with all their tokens.</summary>
    public ListOpsStatistics(IReadOnlyList<SequenceExample> rows)
    {
        _lengths = [.. rows.Select(row => row.First.Length).Order()];
        foreach (SequenceExample row in rows)
            Count(row);
    }

    /// <summary>Rows.</summary>
    public int Rows => _lengths.Length;

    /// <summary>Mean number of tokens.</summary>
    public double MeanLength => _lengths.Average();

    /// <summary>Standard deviation of the number of tokens.</summary>
    public double LengthDeviation => Math.Sqrt(_lengths.Average(length => (length - MeanLength) * (length - MeanLength)));

    /// <summary>Half of the rows are shorter.</summary>
    public double MedianLength => (_lengths[(Rows - 1) / 2] + _lengths[Rows / 2]) / 2.0;

    /// <summary>Tokens of the shortest row.</summary>
    public int Shortest => _lengths[0];

    /// <summary>Tokens of the longest row.</summary>
    public int Longest => _lengths[^1];

    /// <summary>Share of rows by length, 250 tokens wide from 500.</summary>
    public IReadOnlyList<double> LengthShares => [.. Enumerable.Range(0, Bins).Select(bin => Share(_lengths.Count(length => (length - FirstBin) / BinWidth == bin), Rows))];

    /// <summary>Share of rows whose operators are nested nine deep.</summary>
    public double NestedNine => Share(_deepRows, Rows);

    /// <summary>Share of each operator among operators: MAX, MED, MIN, SM.</summary>
    public IReadOnlyList<double> OperatorShares => Shares(_operators);

    /// <summary>Share of each value among values.</summary>
    public IReadOnlyList<double> ValueShares => Shares(_values);

    /// <summary>Share of operators with 2 … 10 arguments.</summary>
    public IReadOnlyList<double> ArgumentShares => Shares(_arguments[2..]);

    /// <summary>Share of values among values and operators.</summary>
    public double ValuesAmongNodes => Share(_values.Sum(), _values.Sum() + _operators.Sum());

    /// <summary>Share of rows by their outermost operator: MAX, MED, MIN, SM.</summary>
    public IReadOnlyList<double> RootShares => Shares([.. _roots.Select(count => (long)count)]);

    /// <summary>Share of rows by their value.</summary>
    public IReadOnlyList<double> ClassShares => Shares([.. _classes.Select(count => (long)count)]);

    /// <summary>Share of right answers when always answering the most frequent value.</summary>
    public double ConstantFloor => Share(_classes.Max(), Rows);

    /// <summary>Share of right answers when answering the most frequent value of the outermost operator: of the first token alone.</summary>
    public double RootFloor => Share(Enumerable.Range(0, 4).Sum(root => Enumerable.Range(0, 10).Max(value => _answers[root, value])), Rows);

    /// <summary>Share of a value among the rows of an outermost operator.</summary>
    /// <param name="root">0 MAX, 1 MED, 2 MIN, 3 SM.</param>
    /// <param name="value">The value.</param>
    public double AnswerShare(int root, int value) => Share(_answers[root, value], _roots[root]);

    private void Count(SequenceExample row)
    {
        var open = new Stack<int>();
        int deepest = 0;
        foreach (byte token in row.First)
        {
            if (token == ListOpsExpression.Closing)
            {
                if (open.TryPop(out int arguments))
                    _arguments[Math.Min(arguments, MostArguments)]++;
                continue;
            }

            if (open.TryPop(out int before))
                open.Push(before + 1);
            if (token is >= 1 and <= 10)
                _values[token - 1]++;
            if (token is < ListOpsExpression.FirstOperator or >= ListOpsExpression.Closing)
                continue;
            _operators[token - ListOpsExpression.FirstOperator]++;
            open.Push(0);
            deepest = Math.Max(deepest, open.Count);
        }

        _deepRows += deepest >= 9 ? 1 : 0;
        _classes[row.Label]++;
        int root = row.First[0] - ListOpsExpression.FirstOperator;
        if (root is < 0 or > 3)
            return;
        _roots[root]++;
        _answers[root, row.Label]++;
    }

    private static double[] Shares(long[] counts) => [.. counts.Select(count => Share(count, counts.Sum()))];

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
