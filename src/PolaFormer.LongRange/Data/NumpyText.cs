using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using PolaFormer.Files;

namespace PolaFormer.LongRange.Data;

/// <summary>A table of texts in NumPy's format, which numpy.save makes of a list of lists.</summary>
internal static partial class NumpyText
{
    private static ReadOnlySpan<byte> Magic => "NUMPY"u8;

    /// <summary>Whether a file is of that format.</summary>
    public static bool Matches(ReadOnlySpan<byte> file) => file.Length > 10 && file[0] == 0x93 && file[1..].StartsWith(Magic);

    /// <summary>The rows, blanks between the fields.</summary>
    /// <exception cref="FileException">It is an array of something else, or is cut off.</exception>
    public static string[] Rows(ReadOnlySpan<byte> file, string path)
    {
        bool isShort = file[6] == 1;
        int start = isShort ? 10 : 12;
        long headerLength = isShort ? BinaryPrimitives.ReadUInt16LittleEndian(file[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(file[8..]);
        if (start + headerLength > file.Length)
            throw Refused("its header is cut off");
        Match header = Header().Match(Encoding.ASCII.GetString(file.Slice(start, (int)headerLength)));
        if (!header.Success)
            throw Refused("it is no table of texts (dtype <U, two dimensions, C order)");
        (int letters, int rows, int columns) = (Number("letters"), Number("rows"), Number("columns"));
        ReadOnlySpan<byte> data = file[(start + (int)headerLength)..];
        if ((Int128)rows * columns * letters * 4 != data.Length)
            throw Refused($"it holds {data.Length} bytes, and {rows}×{columns} texts of {letters} letters take {(Int128)rows * columns * letters * 4}");
        string[] lines = new string[rows];
        for (int row = 0, size = letters * 4; row < rows; row++)
        {
            string[] fields = new string[columns];
            for (int column = 0; column < columns; column++)
                fields[column] = Encoding.UTF32.GetString(data.Slice(((row * columns) + column) * size, size)).TrimEnd('\0');
            lines[row] = string.Join(' ', fields);
        }

        return lines;

        int Number(string group) => int.TryParse(header.Groups[group].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : throw Refused("a size in its header is too large");

        FileException Refused(string problem) => new(path, $"{problem}. Get the metadata again, as text or as numpy.save writes a list of texts.");
    }

    [GeneratedRegex(@"^\{'descr': '<U(?<letters>\d+)', 'fortran_order': False, 'shape': \((?<rows>\d+), (?<columns>\d+)\), \}\s*$")]
    private static partial Regex Header();
}
