using System.Globalization;
using PolaFormer.Files;

namespace PolaFormer.LongRange.Data;

/// <summary>What becomes of rows that cannot be read: the first ends the reading, or all are left out and told of.</summary>
/// <param name="isSkipping">Whether they are left out.</param>
public sealed class BadRows(bool isSkipping)
{
    private const int MaxTold = 20;

    private readonly List<string> _told = [];

    /// <summary>Rows left out.</summary>
    public int Count { get; private set; }

    /// <summary>A line for each of the first rows that were left out, and one that tells how many there were.</summary>
    public IReadOnlyList<string> Messages => Count > _told.Count
        ? [.. _told, string.Create(CultureInfo.InvariantCulture, $"{Count} rows were left out in all; the first {_told.Count} are named.")]
        : _told;

    /// <summary>Refuses a row.</summary>
    /// <param name="file">File.</param>
    /// <param name="line">Line, from 1.</param>
    /// <param name="problem">What is wrong and what is wanted.</param>
    /// <exception cref="FileException">Rows are not left out.</exception>
    public void Add(string file, int line, string problem) => Add(file, string.Create(CultureInfo.InvariantCulture, $"line {line}: {problem}"));

    /// <summary>Refuses a file that is a row.</summary>
    /// <inheritdoc cref="Add(string, int, string)"/>
    public void Add(string file, string problem)
    {
        if (!isSkipping)
            throw new FileException(file, $"{problem} DATA.BAD_IMAGES skip leaves such rows out.");
        Count++;
        if (_told.Count < MaxTold)
            _told.Add($"{file}: {problem} The row is left out.");
    }
}
