using System.Text;
using PolaFormer.Files;

namespace PolaFormer.LongRange.Data;

/// <summary>ListOps as it was released: <c>basic_train.tsv</c>, <c>basic_val.tsv</c> and <c>basic_test.tsv</c> with a header <c>Source⇥Target</c>.</summary>
public static class ListOpsFile
{
    /// <summary>First line of a file.</summary>
    public const string Header = "Source\tTarget";

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file, which may be compressed (<c>.br</c>, <c>.gz</c>).</param>
    /// <param name="tokens">Whose tokens.</param>
    /// <param name="cut">Tokens to keep of a row.</param>
    /// <param name="badRows">Takes rows that are no expression and digit.</param>
    /// <exception cref="FileException">The file cannot be read or has no header, or a row is bad.</exception>
    public static List<SequenceExample> Read(string path, ListOpsTokens tokens, int cut, BadRows badRows)
    {
        var examples = new List<SequenceExample>();
        int number = 0;
        foreach (byte[] line in TextLines.Read(path))
        {
            if (++number == 1)
            {
                if (Encoding.UTF8.GetString(line.AsSpan(0, Math.Min(line.Length, 64))) != Header)
                    throw new FileException(path, "line 1: it is not the header Source, a tab, Target. Name a file of ListOps as Long Range Arena released it, or one of 'longrange generate listops'.");
                continue;
            }

            List<ReadOnlyMemory<byte>> fields = TextLines.Fields(line);
            if (fields.Count != 2)
                badRows.Add(path, number, $"{fields.Count} fields; wanted are an expression, a tab and its value.");
            else if (fields[1].Length != 1 || !char.IsAsciiDigit((char)fields[1].Span[0]))
                badRows.Add(path, number, $"the value '{Shown(fields[1])}' is no digit.");
            else if (ListOpsEncoder.Encode(fields[0].Span, tokens, cut) is not { Length: > 0 } ids)
                badRows.Add(path, number, "the expression is empty.");
            else
                examples.Add(new SequenceExample(ids, null, fields[1].Span[0] - '0'));
        }

        return examples;
    }

    /// <summary>A field in a message.</summary>
    internal static string Shown(ReadOnlyMemory<byte> field) => Encoding.UTF8.GetString(field.Span[..Math.Min(field.Length, 40)]);
}
