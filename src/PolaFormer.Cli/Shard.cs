using System.CommandLine.Parsing;

namespace PolaFormer.Cli;

/// <summary>One of several equal parts of a work that many processes share.</summary>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct Shard(int Index, int Count)
{
    private const int Most = 1_000_000;

    /// <summary>All of the work.</summary>
    public static Shard Whole => new(0, 1);

    /// <summary>Whether a line of the work is of this part.</summary>
    /// <param name="line">Its number, from 0.</param>
    public bool Has(long line) => line % Count == Index;

    /// <summary>I/N.</summary>
    public override string ToString() => $"{Index}/{Count}";

    /// <summary>Reads an option's I/N.</summary>
    public static Shard Parse(ArgumentResult result)
    {
        string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "0/1";
        string[] parts = text.Split('/');
        if (parts.Length == 2 && Numbers.TryRead(parts[0], out int index) && Numbers.TryRead(parts[1], out int count) && count is >= 1 and <= Most && index >= 0 && index < count)
            return new Shard(index, count);
        result.AddError($"--shard takes I/N, a part from 0 to N − 1 of N, not '{text}'.");
        return Whole;
    }
}
