using System.Globalization;
using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Data;

/// <summary>The classes of a data set in order, with the colours that they are drawn in.</summary>
public sealed class ClassNames
{
    /// <summary>Most classes that a map of 8 bits can tell apart, one value being for ignored pixels.</summary>
    public const int MaxCount = 255;

    /// <summary>Names and colours, as many of both.</summary>
    /// <exception cref="ArgumentException">There are more of one than of the other, none, or too many.</exception>
    public ClassNames(IReadOnlyList<string> names, IReadOnlyList<ClassColor>? colors = null)
    {
        if (names.Count is 0 or > MaxCount || (colors is not null && colors.Count != names.Count))
            throw new ArgumentException($"{names.Count} names and {colors?.Count} colours: give 1 to {MaxCount} classes, a colour each.", nameof(names));
        (Names, Colors) = (names, colors ?? [.. Enumerable.Range(0, names.Count).Select(ClassColor.Of)]);
    }

    /// <summary>The 150 classes of ADE20K (Zhou et al., CVPR 2017) with mmsegmentation's colours.</summary>
    public static ClassNames Ade20K { get; } = OfResource("ade20k.txt");

    /// <summary>Names in order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Colours in order.</summary>
    public IReadOnlyList<ClassColor> Colors { get; }

    /// <summary>Classes without names of their own, counted from 0.</summary>
    public static ClassNames Numbered(int count) => new([.. Enumerable.Range(0, count).Select(i => $"class {i}")]);

    /// <summary>Reads lines <c>red green blue name</c>, or names alone, a class each.</summary>
    /// <exception cref="FormatException">A line is neither.</exception>
    public static ClassNames Parse(string text)
    {
        var names = new List<string>();
        var colors = new List<ClassColor>();
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r');
            if (line.Length == 0)
                continue;
            string[] words = line.Split(' ', 4);
            byte[] levels = [.. words.Take(3).TakeWhile(word => byte.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out _)).Select(word => byte.Parse(word, CultureInfo.InvariantCulture))];
            if (levels.Length is 1 or 2 || (levels.Length == 3 && words.Length < 4))
                throw new FormatException($"Line {i + 1}, '{line}', is neither 'red green blue name' nor a name.");
            names.Add(levels.Length == 3 ? words[3] : line);
            if (levels.Length == 3)
                colors.Add(new ClassColor(levels[0], levels[1], levels[2]));
        }

        if (colors.Count > 0 && colors.Count != names.Count)
            throw new FormatException($"{colors.Count} of {names.Count} classes have a colour; give all or none.");
        return new ClassNames(names, colors.Count > 0 ? colors : null);
    }

    private static ClassNames OfResource(string name)
    {
        using Stream stream = typeof(ClassNames).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The resource {name} is missing.");
        using var reader = new StreamReader(stream);
        return Parse(reader.ReadToEnd());
    }
}
