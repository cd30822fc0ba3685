using PolaFormer.Files;

namespace PolaFormer.LongRange.Data;

/// <summary>
/// Reviews of IMDb as bytes: the released folder <c>aclImdb</c> of text files, <c>train/pos/*.txt</c> and so on, or files
/// <c>train*.tsv</c> and <c>test*.tsv</c> of lines <c>label⇥stars⇥review</c>, which may be compressed.
/// </summary>
public static class ReviewFiles
{
    private const long MaxReview = 16 << 20;

    /// <summary>Reads a split.</summary>
    /// <param name="folder">Folder of the data.</param>
    /// <param name="split"><c>train</c> or <c>test</c>.</param>
    /// <param name="cut">Bytes to keep of a review.</param>
    /// <param name="badRows">Takes rows that are no review.</param>
    /// <exception cref="FileException">Nothing of the kind is there, or a row is bad.</exception>
    public static List<SequenceExample> Read(string folder, string split, int cut, BadRows badRows)
    {
        string[] folders = [folder, Path.Combine(folder, "aclImdb")];
        if (folders.FirstOrDefault(path => Directory.Exists(Path.Combine(path, split, "pos")) && Directory.Exists(Path.Combine(path, split, "neg"))) is { } released)
            return ReadFolder(Path.Combine(released, split), cut);
        string[] tables = Directory.Exists(folder) ? [.. Directory.GetFiles(folder, $"{split}*.tsv*").Order(StringComparer.Ordinal)] : [];
        if (tables.Length == 1)
            return ReadTable(tables[0], cut, badRows);
        throw new FileException(folder, tables.Length > 1
            ? $"it holds {tables.Length} files {split}*.tsv, and one is wanted. Leave one in the folder."
            : $"it holds no {split}/pos and {split}/neg of text files, and no {split}*.tsv. Name the folder aclImdb of the reviews.");
    }

    private static List<SequenceExample> ReadFolder(string folder, int cut)
    {
        var examples = new List<SequenceExample>();
        string[] labels = ["neg", "pos"];
        for (int label = 0; label < labels.Length; label++)
        {
            foreach (string path in Directory.GetFiles(Path.Combine(folder, labels[label]), "*.txt").Order(StringComparer.Ordinal))
                examples.Add(new SequenceExample(First(InputFile.ReadAllBytes(path, MaxReview), cut), null, label));
        }

        return examples;
    }

    private static List<SequenceExample> ReadTable(string path, int cut, BadRows badRows)
    {
        var examples = new List<SequenceExample>();
        int number = 0;
        foreach (byte[] line in TextLines.Read(path))
        {
            number++;
            List<ReadOnlyMemory<byte>> fields = TextLines.Fields(line);
            if (fields.Count != 3)
                badRows.Add(path, number, $"{fields.Count} fields; wanted are label, stars and review with tabs between.");
            else if (fields[0].Length != 1 || fields[0].Span[0] is not ((byte)'0' or (byte)'1'))
                badRows.Add(path, number, $"the label '{ListOpsFile.Shown(fields[0])}' is neither 0 nor 1.");
            else
                examples.Add(new SequenceExample(First(fields[2].ToArray(), cut), null, fields[0].Span[0] - '0'));
        }

        return examples;
    }

    private static byte[] First(byte[] bytes, int cut) => bytes.Length <= cut ? bytes : bytes[..cut];
}
