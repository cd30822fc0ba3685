using System.Text;

namespace PolaFormer.LongRange.Data;

/// <summary>
/// Expressions of ListOps to numbers of tokens: 0…9 are 1…10, [MAX 11, [MED 12, [MIN 13, [SM 14, a closing bracket 15, anything else 16.
/// The original numbers them in an order that differs from process to process; any order is the same experiment.
/// </summary>
public static class ListOpsEncoder
{
    private const byte Closing = 15, Unknown = 16;

    /// <summary>The tokens of an expression.</summary>
    /// <param name="source">The expression in UTF-8, in LRA's writing with its parentheses or without.</param>
    /// <param name="tokens">Whose tokens.</param>
    /// <param name="cut">Tokens to keep.</param>
    public static byte[] Encode(ReadOnlySpan<byte> source, ListOpsTokens tokens, int cut)
    {
        var ids = new List<byte>();
        var word = new List<byte>();
        foreach (byte letter in source)
        {
            bool isBracket = letter is (byte)'(' or (byte)')' or (byte)'[' or (byte)']';
            if (tokens == ListOpsTokens.Google && letter is (byte)'(' or (byte)')')
                continue;
            if (letter is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' || (tokens == ListOpsTokens.Skyformer && isBracket))
                Finish();
            else
                word.Add(letter == (byte)']' ? (byte)'X' : letter);
        }

        Finish();
        return [.. ids];

        void Finish()
        {
            if (word.Count > 0 && ids.Count < cut)
                ids.Add(NumberOf(Encoding.UTF8.GetString([.. word]), tokens));
            word.Clear();
        }
    }

    private static byte NumberOf(string word, ListOpsTokens tokens)
    {
        if (word.Length == 1 && char.IsAsciiDigit(word[0]))
            return (byte)(word[0] - '0' + 1);
        string name = tokens == ListOpsTokens.Skyformer ? $"[{word}" : word;
        return name switch { "[MAX" => 11, "[MED" => 12, "[MIN" => 13, "[SM" => 14, "X" => Closing, _ => Unknown };
    }
}
