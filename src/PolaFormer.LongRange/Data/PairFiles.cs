using System.Globalization;
using System.Text;
using PolaFormer.Files;

namespace PolaFormer.LongRange.Data;

/// <summary>
/// Pairs of documents: <c>new_aan_pairs.train.tsv</c>, <c>.eval.tsv</c> and <c>.test.tsv</c> as released, lines
/// <c>label⇥id1⇥id2⇥text1⇥text2</c> without a header; or lines <c>label⇥name1⇥name2</c> beside a file <c>pages.tsv</c> of
/// <c>name⇥text</c>. Quotes are characters as others. Labels are numbers that are cut to whole ones.
/// </summary>
public sealed class PairFiles
{
    // What the original reads of a document before it cuts tokens.
    private const int MaxDocument = 10_000;

    private const string Released = "new_aan_pairs", Pages = "pages.tsv";

    private readonly string _folder = "", _prefix = "";
    private readonly int _cut;
    private readonly Dictionary<string, byte[]> _pages = [];

    // A document stands in many pairs.
    private readonly Dictionary<string, byte[]> _known = [];

    /// <summary>Finds the files.</summary>
    /// <param name="folder">Folder of the data.</param>
    /// <param name="prefix">What stands before <c>.train.tsv</c>; empty for the released name, or <c>pairs</c> where that is not there.</param>
    /// <param name="cut">Bytes to keep of a document.</param>
    /// <exception cref="FileException">They are not there, or the pages cannot be read.</exception>
    public PairFiles(string folder, string prefix, int cut)
    {
        string[] prefixes = prefix.Length > 0 ? [prefix] : [Released, "pairs"];
        _prefix = prefixes.FirstOrDefault(name => Find(folder, $"{name}.train.tsv") is not null)
            ?? throw new FileException(folder, $"it holds no {string.Join(" and no ", prefixes.Select(name => $"{name}.train.tsv"))}. Name the folder of the pairs, and with LONG_RANGE.PAIRS what their files begin with.");
        (_folder, _cut) = (folder, cut);
        _pages = Find(folder, Pages) is { } pages ? ReadPages(pages) : [];
    }

    /// <summary>Reads rows that bring their texts.</summary>
    internal PairFiles(int cut) => _cut = cut;

    /// <summary>Reads a split: <c>train</c>, <c>eval</c> or <c>test</c>.</summary>
    /// <exception cref="FileException">The file is missing or cannot be read, or a row is bad.</exception>
    public List<SequenceExample> Read(string split, BadRows badRows)
    {
        string name = $"{_prefix}.{split}.tsv", path = Find(_folder, name) ?? throw new FileException(Path.Combine(_folder, name), "there is no such file. Check the folder.");
        var examples = new List<SequenceExample>();
        int number = 0;
        foreach (byte[] line in TextLines.Read(path))
        {
            number++;
            if (Parse(line, out string problem) is { } example)
                examples.Add(example);
            else
                badRows.Add(path, number, problem);
        }

        return examples;
    }

    /// <summary>A row of either form; null with what is wrong.</summary>
    internal SequenceExample? Parse(byte[] line, out string problem)
    {
        List<ReadOnlyMemory<byte>> fields = TextLines.Fields(line);
        problem = "";
        if (fields.Count is not (3 or 5))
            problem = $"{fields.Count} fields; wanted are label, two names and two texts with tabs between, or label and two names of pages.";
        else if (!float.TryParse(fields[0].Span, NumberStyles.Float, CultureInfo.InvariantCulture, out float label) || (int)label is not (0 or 1))
            problem = $"the label '{ListOpsFile.Shown(fields[0])}' is neither 0 nor 1.";
        else if (Document(fields, 0, ref problem) is { } first && Document(fields, 1, ref problem) is { } second)
            return new SequenceExample(first, second, (int)label);
        return null;
    }

    private byte[]? Document(List<ReadOnlyMemory<byte>> fields, int which, ref string problem)
    {
        string name = Encoding.UTF8.GetString(fields[1 + which].Span);
        if (fields.Count == 3)
        {
            if (_pages.TryGetValue(name, out byte[]? page))
                return page;
            problem = $"there is no page '{ListOpsFile.Shown(fields[1 + which])}' in {Pages}.";
            return null;
        }

        ReadOnlySpan<byte> text = First(fields[3 + which].Span);
        if (!_known.TryGetValue(name, out byte[]? known) || !text.SequenceEqual(known))
            _known[name] = known = text.ToArray();
        return known;
    }

    private Dictionary<string, byte[]> ReadPages(string path)
    {
        var pages = new Dictionary<string, byte[]>();
        int number = 0;
        foreach (byte[] line in TextLines.Read(path))
        {
            number++;
            List<ReadOnlyMemory<byte>> fields = TextLines.Fields(line);
            if (fields.Count != 2 || !pages.TryAdd(Encoding.UTF8.GetString(fields[0].Span), First(fields[1].Span).ToArray()))
                throw new FileException(path, $"line {number}: it is no name, a tab and a text, or the name stands in the file twice.");
        }

        return pages;
    }

    private ReadOnlySpan<byte> First(ReadOnlySpan<byte> text) => text[..Math.Min(text.Length, Math.Min(MaxDocument, _cut))];

    // A file, or one of that name compressed.
    private static string? Find(string folder, string name) =>
        new[] { name, name + ".br", name + ".gz" }.Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
}
