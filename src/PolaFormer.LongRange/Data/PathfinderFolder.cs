using System.Globalization;
using System.Text;
using PolaFormer.Files;
using PolaFormer.Tensors.Threading;
using PolaFormer.Vision;

namespace PolaFormer.LongRange.Data;

/// <summary>
/// Images of Pathfinder as released: <c>imgs/*/sample_*.png</c> and <c>metadata/*.npy</c>, text files in spite of the name, a line an
/// image: <c>folder file number label continuity …</c>. Arrays of NumPy with the same fields are read, too. Empty image files are passed
/// over, one of which the released data have.
/// </summary>
public static class PathfinderFolder
{
    private const string Name = "curv_contour_length_14";
    private const int Side = 32;
    private const long MaxMetadata = 256 << 20, MaxImage = 1 << 20;

    /// <summary>Reads all images, in the order of the metadata.</summary>
    /// <param name="folder">The folder <c>curv_contour_length_14</c>, or one that holds it.</param>
    /// <param name="badRows">Takes lines and images that cannot be read.</param>
    /// <exception cref="FileException">There is no metadata, or a row is bad.</exception>
    public static List<SequenceExample> Read(string folder, BadRows badRows)
    {
        string root = new[] { folder, Path.Combine(folder, Name), Path.Combine(folder, "pathfinder32", Name) }.FirstOrDefault(path => Directory.Exists(Path.Combine(path, "metadata")))
            ?? throw new FileException(folder, $"it holds no metadata/ and no {Name}/metadata/. Name the folder {Name} of Pathfinder32.");
        var rows = new List<(string File, string Image, int Line, int Label)>();
        foreach (string metadata in Directory.GetFiles(Path.Combine(root, "metadata"), "*.npy").OrderBy(NumberOf).ThenBy(path => path, StringComparer.Ordinal))
            ReadMetadata(root, metadata, rows, badRows);

        byte[][] levels = new byte[rows.Count][];
        string?[] problems = new string?[rows.Count];
        Parallel.For(0, rows.Count, new ParallelOptions { MaxDegreeOfParallelism = Workers.ThreadCount }, i => (levels[i], problems[i]) = ReadImage(rows[i].Image));
        var examples = new List<SequenceExample>();
        for (int i = 0; i < rows.Count; i++)
        {
            if (problems[i] is { } problem)
                badRows.Add(rows[i].File, rows[i].Line, $"{rows[i].Image}: {problem}");
            else if (levels[i].Length > 0)
                examples.Add(new SequenceExample(levels[i], null, rows[i].Label));
        }

        return examples;
    }

    /// <summary>The label of a line of metadata; null with what is wrong.</summary>
    internal static (string Image, int Label)? Parse(string line, out string problem)
    {
        string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        problem = "";
        if (fields.Length < 4)
            problem = $"{fields.Length} fields; wanted are folder, file, number, label and more with blanks between.";
        else if (!float.TryParse(fields[3], NumberStyles.Float, CultureInfo.InvariantCulture, out float label) || label is not (0 or 1))
            problem = $"the label '{fields[3][..Math.Min(40, fields[3].Length)]}' is neither 0 nor 1.";
        else if (fields[0].Contains("..", StringComparison.Ordinal) || fields[1].Contains("..", StringComparison.Ordinal) || Path.IsPathRooted(fields[0]) || Path.IsPathRooted(fields[1]))
            problem = "the image lies outside the folder.";
        else
            return (Path.Combine(fields[0], fields[1]), (int)label);
        return null;
    }

    private static void ReadMetadata(string root, string path, List<(string File, string Image, int Line, int Label)> rows, BadRows badRows)
    {
        byte[] bytes = InputFile.ReadAllBytes(path, MaxMetadata);
        string[] lines = NumpyText.Matches(bytes) ? NumpyText.Rows(bytes, path) : Encoding.UTF8.GetString(bytes).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0)
                continue;
            if (Parse(line, out string problem) is { } row)
                rows.Add((path, Path.Combine(root, row.Image), i + 1, row.Label));
            else
                badRows.Add(path, i + 1, problem);
        }
    }

    private static (byte[] Levels, string? Problem) ReadImage(string path)
    {
        try
        {
            byte[] file = InputFile.ReadAllBytes(path, MaxImage);
            return file.Length == 0 ? ([], null) : LevelsOf(file);
        }
        catch (FileException error)
        {
            return ([], error.Message);
        }
    }

    /// <summary>The grey levels of an image file of 32 × 32 pixels, or what is wrong with it.</summary>
    internal static (byte[] Levels, string? Problem) LevelsOf(byte[] file)
    {
        try
        {
            using Image image = ImageDecoder.Decode(file);
            return (image.Width, image.Height) == (Side, Side) ? (GreyLevels.Red(image), null) : ([], $"it has {image.Width}×{image.Height} pixels; wanted are {Side}×{Side}.");
        }
        catch (ImageException error)
        {
            return ([], error.Message + ".");
        }
    }

    private static int NumberOf(string path) => int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : int.MaxValue;
}
