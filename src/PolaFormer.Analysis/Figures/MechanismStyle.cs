using PolaFormer.NN.Attention;

namespace PolaFormer.Analysis.Figures;

/// <summary>The colour and the dashes of each mechanism, the same in every figure and page.</summary>
public static class MechanismStyle
{
    // Those that are compared most have a colour each and whole lines; the others follow in the order of the registry.
    private static readonly (string Name, string Color)[] s_main =
    [
        ("softmax", "#444444"), ("polarity", "#d55e00"), ("polarity++", "#cc79a7"), ("elu", "#0072b2"), ("relu", "#56b4e9"), ("focused", "#009e73"), ("efficient", "#e69f00"), ("nystromformer", "#8a7f00"),
    ];

    /// <summary>The style of a mechanism.</summary>
    /// <param name="mechanism">Its name or its title, with or without options.</param>
    public static LineStyle Of(string mechanism)
    {
        string name = NameOf(mechanism);
        if (s_main.FirstOrDefault(main => main.Name == name) is { Color: { } color })
            return new LineStyle(color);
        int place = AttentionRegistry.All.Where(entry => s_main.All(main => main.Name != entry.Name)).TakeWhile(entry => entry.Name != name).Count();
        return LineStyle.Of(s_main.Length + place);
    }

    /// <summary>Styles of mechanisms that stand beside each other: of one mechanism with several options the dashes differ.</summary>
    public static IReadOnlyList<LineStyle> Of(IReadOnlyList<string> mechanisms) =>
        [.. mechanisms.Select((mechanism, i) => Of(mechanism).Variant(mechanisms.Take(i).Count(other => NameOf(other) == NameOf(mechanism))))];

    /// <summary>The title of a registered name; the name where there is none.</summary>
    public static string TitleOf(string name) => AttentionRegistry.All.FirstOrDefault(entry => entry.Name == name)?.Title ?? name;

    private static string NameOf(string mechanism)
    {
        // A title may have parentheses of its own, as "Linear (ELU + 1)".
        AttentionEntry? entry = AttentionRegistry.All.Where(entry => mechanism.StartsWith(entry.Title, StringComparison.Ordinal)).MaxBy(entry => entry.Title.Length);
        string name = mechanism.Split('(', ',')[0].Trim();
        return AttentionRegistry.All.Any(other => other.Name == name) ? name : entry?.Name ?? name;
    }
}
