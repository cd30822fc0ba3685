using System.Globalization;
using PolaFormer.Files;

namespace PolaFormer.Vision.Datasets;

/// <summary>The classes of datasets that store labels as numbers: <c>classes.txt</c>, one name a line, or the numbers themselves.</summary>
internal sealed class LabelNames
{
    private const int MaxClasses = 1_000_000;
    private const long MaxFileBytes = 16 << 20;

    private readonly string[]? _names;
    private readonly Dictionary<string, int> _labels = [];
    private readonly int? _count;
    private readonly string _from = "";
    private int _largest = -1;

    /// <summary>Reads <c>classes.txt</c> where it is there.</summary>
    /// <param name="folder">Where it may lie.</param>
    /// <param name="count">Classes that there are to be; null where that is not known.</param>
    /// <exception cref="ImageException">It cannot be read, or names a class twice.</exception>
    public LabelNames(string folder, int? count)
    {
        _count = count;
        string path = Path.Combine(folder, "classes.txt");
        if (!File.Exists(path))
            return;
        _names = [.. ReadLines(path, MaxFileBytes).Select(line => line.Trim()).Where(line => line.Length > 0)];
        _from = $" ({path} names {_names.Length})";
        for (int label = 0; label < _names.Length; label++)
        {
            if (!_labels.TryAdd(_names[label], label))
                throw new ImageException($"{path}: names {_names[label]} twice");
        }
    }

    /// <summary>The names, once all labels were seen.</summary>
    public IReadOnlyList<string> Names => _names ?? [.. Enumerable.Range(0, _count ?? (_largest + 1)).Select(label => label.ToString(CultureInfo.InvariantCulture))];

    /// <summary>The label that a text gives: a number, or a name of <c>classes.txt</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="where">For messages.</param>
    /// <exception cref="ImageException">It is neither, or there is no such class.</exception>
    public int Parse(string text, string where)
    {
        text = text.Trim();
        if (_labels.TryGetValue(text, out int label))
            return label;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out label))
            throw new ImageException($"{where}: '{(text.Length > 40 ? text[..40] + "…" : text)}' is no label: neither a number from 0 on nor a name in classes.txt");
        int classes = _names?.Length ?? _count ?? MaxClasses;
        if (label >= classes)
            throw new ImageException($"{where}: label {label}, but there are {classes} classes{_from}, 0 to {classes - 1}");
        _largest = Math.Max(_largest, label);
        return label;
    }

    /// <summary>The lines of a text file of bounded size.</summary>
    public static string[] ReadLines(string path, long maxBytes)
    {
        try
        {
            return InputFile.ReadAllLines(path, maxBytes);
        }
        catch (FileException error)
        {
            throw new ImageException(error.Message, error);
        }
    }
}
