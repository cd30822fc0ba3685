using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace PolaFormer.Conformance;

/// <summary>Constructor arguments of a case: those given for it, then those common to its kind (written <c>name=value</c>), then a default.</summary>
/// <param name="given">The object <c>construct</c> or a model's description.</param>
/// <param name="common">Text that holds common arguments, or null.</param>
internal sealed class Arguments(JsonElement given, string? common = null)
{
    /// <summary>Whether an argument is given.</summary>
    public bool Has(string name) => given.Field(name) is not null;

    /// <summary>The raw argument.</summary>
    /// <exception cref="InvalidDataException">It is not there.</exception>
    public JsonElement Required(string name) => given.Field(name) ?? throw new InvalidDataException($"The case does not give the argument {name}.");

    /// <summary>A whole number that must be there.</summary>
    public int Integer(string name) => Required(name).GetInt32();

    /// <summary>A whole number.</summary>
    public int Integer(string name, int fallback) => (int)Number(name, fallback);

    /// <summary>A number.</summary>
    public float Number(string name, float fallback)
    {
        if (given.Field(name) is { } value)
            return value.ValueKind == JsonValueKind.String ? float.Parse(value.GetString()!, CultureInfo.InvariantCulture) : value.GetSingle();
        return Common(name) is { } text ? float.Parse(text, CultureInfo.InvariantCulture) : fallback;
    }

    /// <summary>Yes or no.</summary>
    public bool Flag(string name, bool fallback) => given.Field(name)?.GetBoolean() ?? (Common(name) is { } text ? text == "True" : fallback);

    /// <summary>A string.</summary>
    public string Text(string name, string fallback) => given.Text(name) ?? fallback;

    /// <summary>A list of whole numbers.</summary>
    public int[] Integers(string name) => Required(name).Integers();

    /// <summary>A list of whole numbers.</summary>
    public int[] Integers(string name, int[] fallback) => Has(name) ? Integers(name) : fallback;

    /// <summary>A list; the default where it is not given.</summary>
    public T[] List<T>(string name, Func<JsonElement, T> read, T[] fallback) => Has(name) ? [.. Required(name).EnumerateArray().Select(read)] : fallback;

    /// <summary>A list of whole numbers; a string or number stands for its digits.</summary>
    public int[] Digits(string name, string fallback)
    {
        string text = given.Field(name) is { } value ? value.ToString() : fallback;
        return [.. text.Select(digit => digit - '0')];
    }

    private string? Common(string name)
    {
        Match match = Regex.Match(common ?? "", $@"\b{Regex.Escape(name)}=([\w.\-]+)");
        return match.Success ? match.Groups[1].Value.TrimEnd('.') : null;
    }
}
