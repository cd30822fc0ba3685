using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace PolaFormer.NN.Attention;

/// <summary>An option that a mechanism takes behind its name: <c>alpha</c> in <c>polarity(alpha=3)</c>.</summary>
public sealed class AttentionOption
{
    // Called for a message: a start of the program pays for no text.
    private readonly Func<string> _takes;
    private readonly Func<string, object?> _parse;

    private AttentionOption(string name, object? standard, Func<string> takes, Func<string, object?> parse) => (Name, Default, _takes, _parse) = (name, standard, takes, parse);

    /// <summary>Name, in lower case.</summary>
    public string Name { get; }

    /// <summary>The value where neither the name of the attention nor its host gives one; null where it follows from the shape.</summary>
    public object? Default { get; }

    /// <summary>What values it takes, in words.</summary>
    public string Takes => _takes();

    /// <summary>A number.</summary>
    public static AttentionOption Number(string name, float standard, float min, float max) => new(name, standard, () => Between("a number", min, max), text =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && value >= min && value <= max ? value : null);

    /// <summary>A whole number.</summary>
    public static AttentionOption Integer(string name, int? standard, int min, int max) => new(name, standard, () => Between("a whole number", min, max), text =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max ? value : null);

    /// <summary>Tokens, features or rounds, from 1 up to a bound that keeps the cost of a small file small; where it is not given the mechanism derives it from its shape.</summary>
    public static AttentionOption Count(string name, int? standard = null, int max = 1024) => Integer(name, standard, 1, max);

    /// <summary>True or false.</summary>
    public static AttentionOption Flag(string name, bool standard) => new(name, standard, () => "true or false", text => text switch { "true" => true, "false" => false, _ => null });

    /// <summary>One of a few words.</summary>
    public static AttentionOption Choice<T>(string name, T standard)
        where T : struct, Enum
    {
        return new(name, standard, () => $"one of {string.Join(", ", Choices().Keys)}", text => Choices().TryGetValue(text, out T choice) ? choice : null);

        static Dictionary<string, T> Choices() => Enum.GetValues<T>().ToDictionary(value => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{value}"));
    }

    /// <summary>The value that a text means.</summary>
    /// <param name="text">The text behind the equals sign.</param>
    /// <param name="attention">Name of the mechanism, for the message.</param>
    /// <exception cref="ArgumentException">The option takes no such value.</exception>
    public object Parse(string text, string attention) =>
        _parse(text) ?? throw new ArgumentException($"{attention}: {Name} is '{text}'; it takes {Takes}.");

    private static string Between<T>(string kind, T min, T max)
        where T : INumber<T> => string.Create(CultureInfo.InvariantCulture, $"{kind} from {min} to {max}");
}
