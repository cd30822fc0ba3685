using System.Text;
using PolaFormer.Files;
using PolaFormer.LongRange.Data;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.LongRange.Generation;

/// <summary>
/// Makes ListOps by the rules and parameters of Google's listops.py: trees of more than 500 and fewer than 2,000 tokens, none twice. Tree i
/// follows from the seed and i, so the rows are the same for any number of threads. They are of the released split's distribution, not
/// that split.
/// </summary>
public static class ListOpsGenerator
{
    private const int MinLength = 500, MaxLength = 2000, TreesOfAPart = 1024, PartsOfARound = 16;

    /// <summary>Rows of the released files, in the order train, val, test.</summary>
    public static IReadOnlyList<(string Split, int Rows)> ReleasedSizes { get; } = [("train", 96_000), ("val", 2_000), ("test", 2_000)];

    /// <summary>Makes rows.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">What they follow from.</param>
    /// <param name="stop">Asks to stop.</param>
    /// <returns>The rows, all tokens of each, and how many trees were drawn for them.</returns>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static (IReadOnlyList<SequenceExample> Rows, long Trees) Make(int count, ulong seed, CancellationToken stop = default)
    {
        var rows = new List<SequenceExample>(count);
        var known = new HashSet<byte[]>(new SameBytes());
        for (long first = 0; ; first += PartsOfARound * TreesOfAPart)
        {
            var parts = new List<(long Tree, SequenceExample Row)>[PartsOfARound];
            long start = first;
            Parallel.For(0, PartsOfARound, new ParallelOptions { MaxDegreeOfParallelism = Workers.ThreadCount, CancellationToken = stop }, part => parts[part] = Part(seed, start + (part * TreesOfAPart)));
            foreach ((long tree, SequenceExample row) in parts.SelectMany(part => part))
            {
                if (rows.Count < count && known.Add(row.First))
                    rows.Add(row);
                if (rows.Count == count)
                    return (rows, tree + 1);
            }
        }
    }

    /// <summary>Makes the three files in a folder.</summary>
    /// <param name="folder">Folder, which is made where it is missing.</param>
    /// <param name="sizes">Rows of each split.</param>
    /// <param name="seed">What they follow from.</param>
    /// <param name="stop">Asks to stop; no file is written then.</param>
    /// <returns>The rows of all splits, and how many trees were drawn for them.</returns>
    /// <exception cref="FileException">A file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static (IReadOnlyList<SequenceExample> Rows, long Trees) WriteFiles(string folder, IReadOnlyList<(string Split, int Rows)> sizes, ulong seed, CancellationToken stop = default)
    {
        string[] paths = [.. sizes.Select(size => Path.Combine(folder, $"basic_{size.Split}.tsv"))];
        Directory.CreateDirectory(folder);
        foreach (string path in paths)
            OutputFile.Check(path);
        (IReadOnlyList<SequenceExample> rows, long trees) = Make(sizes.Sum(size => size.Rows), seed, stop);
        int first = 0;
        for (int i = 0; i < paths.Length; first += sizes[i].Rows, i++)
        {
            (int start, int end) = (first, first + sizes[i].Rows);
            OutputFile.Write(paths[i], stream => Write(stream, rows, start, end));
        }

        return (rows, trees);
    }

    private static List<(long Tree, SequenceExample Row)> Part(ulong seed, long first)
    {
        var rows = new List<(long Tree, SequenceExample Row)>();
        var tree = new ListOpsTree();
        var chance = new ChanceStream(seed, 0);
        for (long i = first; i < first + TreesOfAPart; i++)
        {
            chance.Restart((ulong)i);
            if (tree.Draw(chance, MaxLength) is { } value && tree.Tokens.Length > MinLength)
                rows.Add((i, new SequenceExample(tree.Tokens.ToArray(), null, value)));
        }

        return rows;
    }

    private static void Write(Stream stream, IReadOnlyList<SequenceExample> rows, int start, int end)
    {
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine(ListOpsFile.Header);
        var text = new StringBuilder();
        for (int row = start; row < end; row++)
        {
            text.Clear();
            ListOpsExpression.Write(rows[row].First, text);
            writer.WriteLine(text.Append('\t').Append(rows[row].Label));
        }
    }

    private sealed class SameBytes : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? a, byte[]? b) => a.AsSpan().SequenceEqual(b);

        public int GetHashCode(byte[] bytes)
        {
            var hash = new HashCode();
            hash.AddBytes(bytes);
            return hash.ToHashCode();
        }
    }
}
