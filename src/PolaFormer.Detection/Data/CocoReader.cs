using System.Text.Json;
using PolaFormer.Detection.Masks;
using PolaFormer.Files;

namespace PolaFormer.Detection.Data;

/// <summary>
/// Reads COCO's annotation files entry by entry, whatever their size. Files are untrusted: entries that cannot be used are left out,
/// named and counted.
/// </summary>
public sealed class CocoReader
{
    private const int MaxNamed = 20;
    private const int MaxSide = 1 << 16;
    private const long MaxPixels = 1 << 28;

    private readonly Dictionary<long, CocoImage> _images = [];
    private readonly List<CocoImage> _order = [];
    private readonly List<CocoCategory> _categories = [];
    private readonly HashSet<long> _categoryIds = [], _annotationIds = [];
    private readonly List<(long Image, CocoAnnotation Annotation)> _waiting = [];
    private readonly List<string> _named = [];

    private CocoReader()
    {
    }

    /// <summary>How many entries were left out.</summary>
    public int LeftOut { get; private set; }

    /// <summary>The first of them, and why.</summary>
    public IReadOnlyList<string> Reasons => _named;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The JSON file.</param>
    /// <param name="wanted">Names of the categories that count; null for all.</param>
    /// <returns>The data set, and what was left out.</returns>
    /// <exception cref="FileException">The file cannot be read or is no JSON of COCO's form.</exception>
    public static (CocoDataset Dataset, CocoReader Report) Read(string path, IReadOnlyCollection<string>? wanted = null)
    {
        using Stream stream = InputFile.Open(path);
        try
        {
            return Read(stream, wanted);
        }
        catch (JsonException error)
        {
            throw new FileException(path, $"it is no annotation file of COCO's form: {error.Message} Give an instances_*.json.", error);
        }
    }

    /// <summary>Reads a stream.</summary>
    /// <exception cref="JsonException">It is no JSON of COCO's form.</exception>
    public static (CocoDataset Dataset, CocoReader Report) Read(Stream stream, IReadOnlyCollection<string>? wanted = null)
    {
        var reader = new CocoReader();
        JsonEntries.Read(stream, reader.Take);
        foreach ((long image, CocoAnnotation annotation) in reader._waiting)
            reader.Place(image, annotation);
        return (new CocoDataset(reader._order, reader._categories, wanted), reader);
    }

    private void Take(string list, JsonElement entry)
    {
        try
        {
            switch (list)
            {
                case "images":
                    TakeImage(entry);
                    break;
                case "categories":
                    TakeCategory(entry);
                    break;
                case "annotations":
                    TakeAnnotation(entry);
                    break;
            }
        }
        catch (Exception error) when (error is FormatException or InvalidOperationException or KeyNotFoundException or OverflowException)
        {
            Leave($"an entry of {list}: {error.Message}");
        }
    }

    private void TakeImage(JsonElement entry)
    {
        long id = entry.GetProperty("id").GetInt64();
        int height = entry.GetProperty("height").GetInt32(), width = entry.GetProperty("width").GetInt32();
        string? name = entry.GetProperty("file_name").GetString();
        if (string.IsNullOrEmpty(name) || !IsSize(height, width))
            throw new FormatException($"image {id} has the name '{name}' and {width} × {height} pixels");
        if (!_images.TryAdd(id, new CocoImage(id, name, height, width)))
            throw new FormatException($"image {id} is there twice");
        _order.Add(_images[id]);
    }

    private void TakeCategory(JsonElement entry)
    {
        long id = entry.GetProperty("id").GetInt64();
        if (!_categoryIds.Add(id))
            throw new FormatException($"category {id} is there twice");
        _categories.Add(new CocoCategory(id, entry.GetProperty("name").GetString() ?? ""));
    }

    private void TakeAnnotation(JsonElement entry)
    {
        long id = entry.TryGetProperty("id", out JsonElement number) ? number.GetInt64() : 0, image = entry.GetProperty("image_id").GetInt64();
        if (id != 0 && !_annotationIds.Add(id))
            throw new FormatException($"annotation {id} is there twice");
        double[] box = [.. entry.GetProperty("bbox").EnumerateArray().Select(item => item.GetDouble())];
        if (box.Length != 4 || box.Any(value => !(Math.Abs(value) <= MaxSide)))
            throw new FormatException($"annotation {id} has a box of {box.Length} numbers, or one beyond every image");
        (IReadOnlyList<double[]>? polygons, RunLengthMask? runs) = ReadMask(entry, id);
        var annotation = new CocoAnnotation
        {
            Id = id,
            Category = entry.GetProperty("category_id").GetInt64(),
            Box = (box[0], box[1], box[2], box[3]),
            Area = entry.TryGetProperty("area", out JsonElement area) ? area.GetDouble() : box[2] * box[3],
            IsCrowd = entry.TryGetProperty("iscrowd", out JsonElement crowd) && IsSet(crowd),
            IsIgnored = entry.TryGetProperty("ignore", out JsonElement ignored) && IsSet(ignored),
            Polygons = polygons,
            Runs = runs,
        };
        if (_images.ContainsKey(image))
            Place(image, annotation);
        else
            _waiting.Add((image, annotation));
    }

    // Images may stand behind the annotations.
    private void Place(long image, CocoAnnotation annotation)
    {
        if (!_images.TryGetValue(image, out CocoImage? known))
            Leave($"annotation {annotation.Id}: there is no image {image}");
        else if (annotation.Runs is { } runs && (runs.Height, runs.Width) != (known.Height, known.Width))
            Leave($"annotation {annotation.Id}: its mask has {runs.Width} × {runs.Height} pixels, its image {known.Width} × {known.Height}");
        else
            known.Annotations.Add(annotation);
    }

    private static (IReadOnlyList<double[]>? Polygons, RunLengthMask? Runs) ReadMask(JsonElement entry, long id)
    {
        if (!entry.TryGetProperty("segmentation", out JsonElement mask) || mask.ValueKind == JsonValueKind.Null)
            return (null, null);
        if (mask.ValueKind == JsonValueKind.Array)
        {
            double[][] parts = [.. mask.EnumerateArray().Select(part => part.EnumerateArray().Select(item => item.GetDouble()).ToArray())];
            foreach (double[] part in parts)
            {
                if (part.Length < 6 || part.Length % 2 != 0 || part.Any(value => !(Math.Abs(value) <= MaxSide)))
                    throw new FormatException($"annotation {id} has a polygon of {part.Length} numbers, or one beyond every image");
                Polygon.Check(part);
            }

            return (parts, null);
        }

        JsonElement size = mask.GetProperty("size"), counts = mask.GetProperty("counts");
        if (size.GetArrayLength() != 2)
            throw new FormatException($"annotation {id} has a mask of {size.GetArrayLength()} sides");
        int height = size[0].GetInt32(), width = size[1].GetInt32();
        if (!IsSize(height, width))
            throw new FormatException($"annotation {id} has a mask of {width} × {height} pixels");
        return (null, counts.ValueKind == JsonValueKind.String
            ? RunLengthMask.Parse(counts.GetString(), height, width)
            : new RunLengthMask(height, width, [.. counts.EnumerateArray().Select(item => item.GetUInt32())]));
    }

    private static bool IsSize(int height, int width) => height is >= 1 and <= MaxSide && width is >= 1 and <= MaxSide && (long)height * width <= MaxPixels;

    private static bool IsSet(JsonElement flag) => flag.ValueKind == JsonValueKind.True || (flag.ValueKind == JsonValueKind.Number && flag.GetDouble() != 0);

    private void Leave(string reason)
    {
        LeftOut++;
        if (_named.Count < MaxNamed)
            _named.Add(reason);
    }
}
