using System.Globalization;

namespace PolaFormer.Detection.Data;

/// <summary>Lists of categories.</summary>
public static class CocoCategories
{
    /// <summary>The 80 categories of COCO, in the order of their numbers.</summary>
    public static IReadOnlyList<CocoCategory> Coco { get; } = OfResource("coco.txt");

    /// <summary>Categories numbered from 1.</summary>
    public static IReadOnlyList<CocoCategory> Named(IEnumerable<string> names) => [.. names.Select((name, i) => new CocoCategory(i + 1, name))];

    /// <summary>Categories without names of their own.</summary>
    public static IReadOnlyList<CocoCategory> Numbered(int count) => count == Coco.Count ? Coco : Named(Enumerable.Range(0, count).Select(i => $"class {i}"));

    private static CocoCategory[] OfResource(string name)
    {
        using Stream stream = typeof(CocoCategories).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The resource {name} is missing.");
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 2)).Select(words => new CocoCategory(long.Parse(words[0], CultureInfo.InvariantCulture), words[1].TrimEnd()))];
    }
}
