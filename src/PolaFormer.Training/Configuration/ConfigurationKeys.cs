using System.Reflection;
using System.Text;

namespace PolaFormer.Training.Configuration;

/// <summary>The keys of configuration objects: a property <c>BaseLr</c> is the key <c>BASE_LR</c>.</summary>
internal static class ConfigurationKeys
{
    /// <summary>The properties of a section under their keys, in order of declaration.</summary>
    public static OrderedDictionary<string, PropertyInfo> Of(Type section)
    {
        var keys = new OrderedDictionary<string, PropertyInfo>();
        foreach (PropertyInfo property in section.GetProperties().OrderBy(property => property.MetadataToken))
            keys.Add(KeyOf(property.Name), property);
        return keys;
    }

    /// <summary>Whether a property holds keys of its own.</summary>
    public static bool IsSection(PropertyInfo property) => property.PropertyType is { IsClass: true, IsArray: false } type && type != typeof(string);

    /// <summary>The value of a key with dots between.</summary>
    /// <exception cref="ArgumentException">There is no such key.</exception>
    public static object? Get(object section, string key)
    {
        object? value = section;
        foreach (string part in key.Split('.'))
            value = Of(value!.GetType()).TryGetValue(part, out PropertyInfo? property) ? property.GetValue(value) : throw new ArgumentException($"There is no key {key}.", nameof(key));
        return value;
    }

    /// <summary>All keys with dots between: <c>TRAIN.OPTIMIZER.EPS</c>.</summary>
    public static IEnumerable<string> All(Type section, string prefix = "") => Of(section).SelectMany(entry =>
        IsSection(entry.Value) ? All(entry.Value.PropertyType, $"{prefix}{entry.Key}.") : [prefix + entry.Key]);

    /// <summary>The known key that takes the fewest changes to reach.</summary>
    public static string Nearest(string key) => All(typeof(TrainingConfig)).MinBy(known => Distance(known, key))!;

    private static string KeyOf(string name)
    {
        var key = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]))
                key.Append('_');
            key.Append(char.ToUpperInvariant(name[i]));
        }

        return key.ToString();
    }

    // Levenshtein distance: insertions, deletions and replacements, a row of the table at a time.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
