using System.Reflection;
using System.Text;
using PolaFormer.NN;

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
    public static string Nearest(string key) => NearestName.Of(key, All(typeof(TrainingConfig)));

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
}
