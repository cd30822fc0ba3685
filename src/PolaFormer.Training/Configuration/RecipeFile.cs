using System.Text;
using PolaFormer.Files;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace PolaFormer.Training.Configuration;

/// <summary>
/// A recipe's YAML as untrusted data. The parser, which needs no stack, is asked for its events before anything is built of them,
/// because building and comparing nodes is recursive and an alias stands for as much as its anchor holds.
/// </summary>
internal static class RecipeFile
{
    private const int MaxBytes = 1 << 20, MaxDepth = 32, MaxNodes = 20_000;

    /// <summary>Reads a file; null for one without keys.</summary>
    /// <exception cref="ConfigurationException">It is no regular file, too large, too deep, or no YAML of keys.</exception>
    public static YamlMappingNode? Read(string path)
    {
        try
        {
            // By its byte order mark where it has one, else UTF-8.
            using var reader = new StreamReader(new MemoryStream(InputFile.ReadAllBytes(path, MaxBytes)), Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
            string text = reader.ReadToEnd();
            RequireBounded(text, path);
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            if (yaml.Documents.Count == 0)
                return null;
            return yaml.Documents[0].RootNode as YamlMappingNode
                ?? throw new ConfigurationException($"{path}: the file holds no keys. Write lines such as 'SEED: 0'.");
        }
        catch (YamlException error)
        {
            throw new ConfigurationException($"{path}: line {error.Start.Line}: {ConfigurationValue.Shorten(error.Message)}", error);
        }
        catch (FileException error)
        {
            throw new ConfigurationException(error.Message, error);
        }
        // The library's scanner fails in ways of its own on text that is no YAML, such as with an InvalidOperationException.
        catch (Exception error) when (error is not (ConfigurationException or OutOfMemoryException))
        {
            throw new ConfigurationException($"{path}: it is no YAML that can be read ({ConfigurationValue.Shorten(error.Message)}). Write lines such as 'SEED: 0'.", error);
        }
    }

    private static void RequireBounded(string text, string path)
    {
        var parser = new Parser(new StringReader(text));
        var open = new Stack<(AnchorName Anchor, int Before)>();
        var sizes = new Dictionary<AnchorName, int>();
        int nodes = 0;
        while (parser.MoveNext())
        {
            switch (parser.Current)
            {
                case MappingStart or SequenceStart:
                    open.Push((((NodeEvent)parser.Current).Anchor, nodes++));
                    break;
                case MappingEnd or SequenceEnd:
                    (AnchorName anchor, int before) = open.Pop();
                    if (!anchor.IsEmpty)
                        sizes[anchor] = nodes - before;
                    break;
                case AnchorAlias alias:
                    // An anchor that is still open would hold itself.
                    nodes += sizes.TryGetValue(alias.Value, out int size) ? size : throw Refused($"nothing above is called &{alias.Value}");
                    break;
                case Scalar scalar:
                    nodes++;
                    if (!scalar.Anchor.IsEmpty)
                        sizes[scalar.Anchor] = 1;
                    break;
            }

            if (open.Count > MaxDepth)
                throw Refused($"it is nested more than {MaxDepth} deep");
            if (nodes > MaxNodes)
                throw Refused($"it holds more than {MaxNodes} values");
        }

        ConfigurationException Refused(string problem) => new($"{path}: line {parser.Current!.Start.Line}: {problem}; this is no recipe.");
    }
}
