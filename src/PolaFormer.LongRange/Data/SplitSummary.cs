namespace PolaFormer.LongRange.Data;

/// <summary>What the rows of a split are like.</summary>
public sealed class SplitSummary
{
    private readonly int[] _lengths;

    /// <summary>Counts rows.</summary>
    /// <param name="name">Name of the split.</param>
    /// <param name="examples">Its rows, one at least.</param>
    /// <param name="task">Their task.</param>
    public SplitSummary(string name, IReadOnlyList<SequenceExample> examples, ArenaTask task)
    {
        Name = name;
        byte[][] sequences = [.. examples.SelectMany(example => example.Second is null ? new[] { example.First } : [example.First, example.Second])];
        _lengths = [.. sequences.Select(sequence => sequence.Length).Order()];
        Rows = examples.Count;
        ClassShares = [.. Enumerable.Range(0, task.Classes.Count).Select(label => (double)examples.Count(example => example.Label == label) / Rows)];

        // In images a black pixel has number 0, as padding has.
        PaddingShare = 1 - (sequences.Sum(sequence => (double)sequence.Count(value => value + task.IdOffset != 0)) / ((double)_lengths.Length * task.Length));
        CutShare = task.Cut < task.Length ? (double)_lengths.Count(length => length >= task.Cut) / _lengths.Length : 0;
    }

    /// <summary>Name of the split.</summary>
    public string Name { get; }

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>Share of rows of each class.</summary>
    public IReadOnlyList<double> ClassShares { get; }

    /// <summary>Share of places that are padding, black pixels among them.</summary>
    public double PaddingShare { get; }

    /// <summary>Share of sequences that are as long as sequences are cut.</summary>
    public double CutShare { get; }

    /// <summary>Mean number of tokens.</summary>
    public double MeanLength => _lengths.Average();

    /// <summary>Share of right answers when always giving the most frequent one.</summary>
    public double ConstantFloor => ClassShares.Max();

    /// <summary>Tokens that a share of the sequences does not exceed.</summary>
    public int LengthAt(double share) => _lengths[Math.Clamp((int)Math.Ceiling(share * _lengths.Length) - 1, 0, _lengths.Length - 1)];
}
