using System.Globalization;
using System.Text.RegularExpressions;

namespace PolaFormer.Vision.Datasets;

/// <summary>Which files are the shards of a split.</summary>
internal static partial class ShardFiles
{
    private const int MaxShards = 65_536;

    /// <summary>Whether a path names shards by a range of numbers: <c>train-{000000..000031}.tar</c>.</summary>
    public static bool IsPattern(string path) => Braces().IsMatch(path);

    /// <summary>
    /// The shards of a split: those of the pattern where its file name speaks of the split, else the files of the folder named after the
    /// split, <c>train-000000.tar</c> or <c>name-train-000000.tar</c>, in the order of their names.
    /// </summary>
    /// <param name="path">A pattern or a folder.</param>
    /// <param name="split">The split; for <c>val</c>, <c>test</c> and <c>validation</c> either of the others will do.</param>
    /// <exception cref="ImageException">The pattern's range is none.</exception>
    public static IReadOnlyList<string> Find(string path, string split)
    {
        IReadOnlyList<string> splits = ImageDatasets.SplitNames(split);
        bool isPattern = IsPattern(path);
        if (isPattern && splits.Any(name => IsNamedAfter(Path.GetFileName(path), name)))
            return Expand(path);
        string folder = isPattern ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
        if (!Directory.Exists(folder))
            return [];
        string[] archives = [.. FolderListing.Of(folder).Files.Where(file => file.EndsWith(".tar", StringComparison.Ordinal))];
        return splits.Select(name => archives.Where(file => IsNamedAfter(Path.GetFileName(file), name)).ToArray()).FirstOrDefault(files => files.Length > 0) ?? [];
    }

    private static bool IsNamedAfter(string file, string split) => Regex.IsMatch(file, $@"(^|[-_.]){Regex.Escape(split)}[-_.]?[\d{{]", RegexOptions.CultureInvariant);

    private static string[] Expand(string pattern)
    {
        Match range = Braces().Match(pattern);
        string first = range.Groups[1].Value, last = range.Groups[2].Value;
        if (!int.TryParse(first, CultureInfo.InvariantCulture, out int from) || !int.TryParse(last, CultureInfo.InvariantCulture, out int to) || to < from || to - from >= MaxShards)
            throw new ImageException($"{pattern}: {first}..{last} is no range of at most {MaxShards} shards");
        return [.. Enumerable.Range(from, to - from + 1).Select(number => pattern[..range.Index] + number.ToString($"D{first.Length}", CultureInfo.InvariantCulture) + pattern[(range.Index + range.Length)..])];
    }

    [GeneratedRegex(@"\{(\d+)\.\.(\d+)\}")]
    private static partial Regex Braces();
}
