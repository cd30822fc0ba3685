using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace PolaFormer.Cli;

/// <summary>
/// Numbers on the command line: digits, a sign, for fractions a point and an exponent. A comma is none of them: it divides lists,
/// and would be a decimal sign for some and a thousands separator for others.
/// </summary>
internal static class Numbers
{
    /// <summary>Reads a number; nothing else may stand beside it.</summary>
    public static bool TryRead<T>(ReadOnlySpan<char> text, out T value) where T : struct, INumber<T> =>
        T.TryParse(text, IsWhole<T>() ? NumberStyles.AllowLeadingSign : NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value);

    /// <summary>Reads an option's number.</summary>
    /// <param name="least">The smallest.</param>
    /// <param name="most">The largest.</param>
    public static Func<ArgumentResult, T> One<T>(T least, T most) where T : struct, INumber<T> =>
        result => Read(result, result.Tokens.Select(token => token.Value), least, most) is [T value, ..] ? value : default;

    /// <summary>Reads the number of an option that may be left out.</summary>
    /// <inheritdoc cref="One"/>
    public static Func<ArgumentResult, T?> OneOrNone<T>(T least, T most) where T : struct, INumber<T> =>
        result => Read(result, result.Tokens.Select(token => token.Value), least, most) is [T value, ..] ? value : null;

    /// <summary>Reads an option's numbers, with commas between them or one an argument.</summary>
    /// <inheritdoc cref="One"/>
    public static Func<ArgumentResult, T[]> Several<T>(T least, T most) where T : struct, INumber<T> =>
        result => Read(result, result.Tokens.SelectMany(token => Parts(token.Value)), least, most);

    /// <summary>The line that names the range.</summary>
    public static string Refusal<T>(string name, string text, T least, T most) where T : struct, INumber<T> =>
        string.Create(CultureInfo.InvariantCulture, $"{name} takes a {(IsWhole<T>() ? "whole " : "")}number from {least} to {most}, not '{text}'.");

    // 1,024 is one number to whoever types it.
    private static string[] Parts(string list)
    {
        string[] parts = list.Split(',');
        return parts.Any(part => part is ['0', >= '0' and <= '9', ..]) ? [list] : parts;
    }

    private static T[] Read<T>(ArgumentResult result, IEnumerable<string> texts, T least, T most) where T : struct, INumber<T>
    {
        var values = new List<T>();
        foreach (string text in texts)
        {
            // NaN lies in no range.
            if (!TryRead(text, out T value) || !(value >= least && value <= most))
            {
                result.AddError(Refusal(NameOf(result), text, least, most));
                return [];
            }

            values.Add(value);
        }

        return [.. values];
    }

    private static string NameOf(ArgumentResult result) => result.Parent is OptionResult option ? option.Option.Name : result.Argument.Name;

    private static bool IsWhole<T>() where T : struct, INumber<T> => typeof(T) != typeof(double) && typeof(T) != typeof(float);
}
