using System.Globalization;
using System.Text;

namespace PolaFormer.Analysis.Report;

/// <summary>
/// Text from outside, made safe to show: names in files may hold control characters, which a terminal interprets and an SVG file must
/// not have, and marks that turn the direction of writing. They are shown as JSON writes them, <c>\u001b</c>.
/// </summary>
public static class PlainText
{
    /// <summary>A name or a message: line ends and tabs are written as escapes, too.</summary>
    public static string Of(string text) => text.Any(IsUnsafe) ? Escaped(text, keepsLines: false) : text;

    /// <summary>Whole lines: their ends and tabs stay.</summary>
    public static string OfLines(ReadOnlySpan<char> text) => Escaped(text, keepsLines: true);

    private static string Escaped(ReadOnlySpan<char> text, bool keepsLines)
    {
        var plain = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            bool isLayout = text[i] is '\n' or '\t' || (text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n');
            if (IsUnsafe(text[i]) && !(keepsLines && isLayout))
                plain.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            else
                plain.Append(text[i]);
        }

        return plain.ToString();
    }

    private static bool IsUnsafe(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
