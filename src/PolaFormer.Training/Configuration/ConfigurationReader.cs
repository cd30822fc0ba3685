using System.Reflection;
using YamlDotNet.RepresentationModel;

namespace PolaFormer.Training.Configuration;

/// <summary>Reads configurations: YAML files over the defaults, then <c>KEY VALUE</c> options over both.</summary>
public static class ConfigurationReader
{
    private const int MaxBaseDepth = 8, MaxFiles = 32;

    /// <summary>Reads a file and options.</summary>
    /// <param name="path">A YAML file; null for the defaults alone.</param>
    /// <param name="options">Keys and values in turn: <c>TRAIN.EPOCHS 20 SEED 1</c>.</param>
    /// <param name="publish">Sets the published values of a MODEL.TYPE, over which those of the file and the options are read; null for none.</param>
    /// <exception cref="ConfigurationException">The file cannot be read, a key is unknown, or a value is not of its type.</exception>
    public static TrainingConfig Read(string? path, IReadOnlyList<string>? options = null, Action<string, TrainingConfig>? publish = null)
    {
        var config = new TrainingConfig();
        Merge(config, path, options);
        if (publish is null)
            return config;
        var published = new TrainingConfig();
        publish(config.Model.Type, published);
        Merge(published, path, options);
        return published;
    }

    /// <summary>Overwrites values by options, keys and values in turn.</summary>
    /// <exception cref="ConfigurationException">A key is unknown, has no value, or the value is not of its type.</exception>
    public static void Apply(TrainingConfig config, IReadOnlyList<string> options)
    {
        if (options.Count % 2 != 0)
            throw new ConfigurationException($"--opts takes keys and values in turn; '{options[^1]}' has no value.");
        for (int i = 0; i < options.Count; i += 2)
        {
            string[] parts = options[i].Split('.');
            object section = config;
            for (int depth = 0; depth < parts.Length; depth++)
            {
                PropertyInfo property = Find(section, parts[depth], options[i], "--opts");
                bool isLast = depth == parts.Length - 1;
                if (isLast && !ConfigurationKeys.IsSection(property))
                    property.SetValue(section, ConfigurationValue.Parse(options[i + 1], property, $"--opts: {options[i]}"));
                else if (isLast || !ConfigurationKeys.IsSection(property))
                    throw Unknown(options[i], "--opts");
                else
                    section = property.GetValue(section)!;
            }
        }
    }

    private static void Merge(TrainingConfig config, string? path, IReadOnlyList<string>? options)
    {
        int files = 0;
        if (path is not null)
            MergeFile(config, path, 0, ref files);
        Apply(config, options ?? []);
    }

    // Files are counted, not only how deep they lie: each may name many.
    private static void MergeFile(TrainingConfig config, string path, int depth, ref int files)
    {
        if (depth > MaxBaseDepth)
            throw new ConfigurationException($"{path}: files name one another under BASE more than {MaxBaseDepth} deep. Remove the circle.");
        if (++files > MaxFiles)
            throw new ConfigurationException($"{path}: files name one another under BASE more than {MaxFiles} times. Name each once.");
        if (RecipeFile.Read(path) is not { } root)
            return;
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (string name in BasesOf(root, path).Where(name => name.Length > 0))
            MergeFile(config, Path.Combine(folder, name), depth + 1, ref files);
        Merge(config, root, "", path);
    }

    private static string[] BasesOf(YamlMappingNode root, string path)
    {
        var own = new TrainingConfig();
        if (root.Children.TryGetValue(new YamlScalarNode("BASE"), out YamlNode? bases))
            Merge(own, new YamlMappingNode(new YamlScalarNode("BASE"), bases), "", path);
        return own.Base;
    }

    private static void Merge(object section, YamlMappingNode node, string prefix, string path)
    {
        foreach ((YamlNode keyNode, YamlNode value) in node.Children)
        {
            string key = (keyNode as YamlScalarNode)?.Value ?? "", where = $"{path}: line {keyNode.Start.Line}";
            PropertyInfo property = Find(section, key, prefix + key, where);
            if (!ConfigurationKeys.IsSection(property))
                property.SetValue(section, ConfigurationValue.Read(value, property, $"{where}: {prefix}{key}"));
            else if (value is YamlMappingNode child)
                Merge(property.GetValue(section)!, child, $"{prefix}{key}.", path);
            else
                throw new ConfigurationException($"{where}: {prefix}{key} is a section; write its keys below it.");
        }
    }

    private static PropertyInfo Find(object section, string key, string fullKey, string where) =>
        ConfigurationKeys.Of(section.GetType()).TryGetValue(key, out PropertyInfo? property) ? property : throw Unknown(fullKey, where);

    private static ConfigurationException Unknown(string key, string where) =>
        new($"{where}: there is no key {ConfigurationValue.Shorten(key)}. Did you mean {ConfigurationKeys.Nearest(ConfigurationValue.Shorten(key))}?");
}
