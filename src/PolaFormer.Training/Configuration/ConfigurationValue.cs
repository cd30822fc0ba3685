using System.Globalization;
using System.Reflection;
using YamlDotNet.RepresentationModel;

namespace PolaFormer.Training.Configuration;

/// <summary>
/// Values of keys. As with the authors' yacs, text is decoded once more after YAML: <c>None</c> is null, <c>5e-4</c> a number,
/// <c>[2, 2]</c> and <c>(2, 2)</c> lists. The type is the key's.
/// </summary>
internal static class ConfigurationValue
{
    private const int MaxShown = 80;

    /// <summary>Converts a YAML node to a property's type.</summary>
    public static object? Read(YamlNode node, PropertyInfo property, string where) => node switch
    {
        YamlScalarNode scalar => Parse(scalar.Value ?? "", property, where),
        YamlSequenceNode list when property.PropertyType.IsArray => ReadList([.. list.Children.Select(item => TextOf(item, property, where))], property.PropertyType, where),
        _ => throw Mismatch(node, property, where),
    };

    /// <summary>Converts text to a property's type.</summary>
    public static object? Parse(string text, PropertyInfo property, string where)
    {
        Type type = property.PropertyType;
        if (text is "None" or "null" or "~" or "" && IsNullable(property))
            return null;
        if (!type.IsArray)
            return ReadScalar(text, Nullable.GetUnderlyingType(type) ?? type, where);
        string list = text.Trim();
        bool isBracketed = list is ['[', .., ']'] or ['(', .., ')'];

        // Text alone is a list of texts with commas between, mostly of one.
        if (!isBracketed && type != typeof(string[]))
            throw Mismatch($"'{Shorten(text)}'", type, where);
        return ReadList((isBracketed ? list[1..^1] : list).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), type, where);
    }

    /// <summary>A value as YAML.</summary>
    public static string Format(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        // With a dot: PyYAML takes 5e-07 for text.
        double number => number.ToString("R", CultureInfo.InvariantCulture) is var text && text.Contains('E') && !text.Contains('.') ? text.Replace("E", ".0E") : text,
        string text => $"'{text.Replace("'", "''")}'",
        Array list => $"[{string.Join(", ", list.Cast<object>().Select(Format))}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>A value in a message: short, however long it is.</summary>
    public static string Show(object? value) => Shorten(Format(value));

    /// <summary>Text in a message, cut where it is long.</summary>
    public static string Shorten(string text) => text.Length <= MaxShown ? text : $"{text[..MaxShown]}…";

    private static Array ReadList(string[] items, Type type, string where)
    {
        Type element = type.GetElementType()!;
        var values = Array.CreateInstance(element, items.Length);
        for (int i = 0; i < items.Length; i++)
            values.SetValue(ReadScalar(items[i].Trim('\'', '"'), element, where), i);
        return values;
    }

    private static string TextOf(YamlNode item, PropertyInfo property, string where) =>
        item is YamlScalarNode scalar ? scalar.Value ?? "" : throw Mismatch(item, property, where);

    private static object ReadScalar(string text, Type type, string where)
    {
        if (type == typeof(string))
            return text;
        if (type == typeof(int) && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int integer))
            return integer;
        if (type == typeof(double) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number))
            return number;
        if (type == typeof(bool) && text is "true" or "True" or "TRUE" or "yes" or "on")
            return true;
        if (type == typeof(bool) && text is "false" or "False" or "FALSE" or "no" or "off")
            return false;
        throw Mismatch($"'{Shorten(text)}'", type, where);
    }

    private static bool IsNullable(PropertyInfo property) =>
        Nullable.GetUnderlyingType(property.PropertyType) is not null
        || new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable;

    // What a list or a section holds is not written out: aliases may make it longer than memory.
    private static ConfigurationException Mismatch(YamlNode node, PropertyInfo property, string where) =>
        Mismatch(node is YamlSequenceNode ? "a list" : "a section", property.PropertyType, where);

    private static ConfigurationException Mismatch(string text, Type type, string where)
    {
        Type element = Nullable.GetUnderlyingType(type) ?? (type.IsArray ? type.GetElementType()! : type);
        string name = element == typeof(int) ? "whole number of at most 2147483647" : element == typeof(double) ? "finite number" : element == typeof(bool) ? "true or false" : "text";
        return new($"{where}: {text} is not a {(type.IsArray ? $"list of {name} values" : name)}.");
    }
}
