using System.Globalization;
using System.Xml;
using PolaFormer.Files;
using PolaFormer.Vision;

namespace PolaFormer.Detection.Data;

/// <summary>Photographs with boxes in a file each: text as YOLO has it, or XML as Pascal VOC has it.</summary>
public static class LabelFolder
{
    private const long MaxLabelBytes = 16 << 20;
    private const int MaxDepth = 64;
    private const double MaxSide = 1 << 16, MaxShare = 4;

    /// <summary>
    /// Reads YOLO's form: <c>labels/NAME.txt</c> beside <c>images/NAME.jpg</c>, a line "class x y width height" an object, centre and
    /// size as parts of the image's; <c>classes.txt</c> names the classes.
    /// </summary>
    /// <exception cref="FileException">A file is missing or damaged.</exception>
    public static DetectionFolder OfYolo(string root)
    {
        string[] names = [.. InputFile.ReadAllLines(Path.Combine(root, "classes.txt"), MaxLabelBytes).Select(line => line.Trim()).Where(line => line.Length > 0)];
        string images = Path.Combine(root, "images");
        return Open(images, CocoCategories.Named(names), (path, image) =>
        {
            string labels = Path.Combine(root, "labels", $"{Path.GetFileNameWithoutExtension(path)}.txt");
            if (!File.Exists(labels))
                return;
            foreach (string line in InputFile.ReadAllLines(labels, MaxLabelBytes).Where(line => !string.IsNullOrWhiteSpace(line)))
            {
                double[] values = [.. line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(word => double.TryParse(word, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : throw new FileException(labels, $"'{line}' is no line of numbers."))];
                if (values.Length < 5 || values[0] < 0 || values[0] >= names.Length)
                    throw new FileException(labels, $"'{line}' is no class of {names.Length} and four numbers.");
                if (values[1..5].Any(value => Math.Abs(value) > MaxShare))
                    throw new FileException(labels, $"'{line}' lies beyond the image: centre and size are parts of the image's, between 0 and 1.");
                Add(image, (long)values[0] + 1, (values[1] - (values[3] / 2)) * image.Width, (values[2] - (values[4] / 2)) * image.Height, values[3] * image.Width, values[4] * image.Height);
            }
        });
    }

    /// <summary>Reads Pascal VOC's form: <c>Annotations/NAME.xml</c> beside <c>JPEGImages/NAME.jpg</c>. Difficult objects are left out.</summary>
    /// <exception cref="FileException">A file is missing or damaged.</exception>
    public static DetectionFolder OfVoc(string root)
    {
        var found = new List<(string Image, string Name, double[] Box)>();
        foreach (string file in Directory.EnumerateFiles(Path.Combine(root, "Annotations"), "*.xml").Order(StringComparer.Ordinal))
        {
            XmlDocument document = ReadXml(file);
            foreach (XmlNode node in document.SelectNodes("//object")!)
            {
                if (node.SelectSingleNode("difficult")?.InnerText.Trim() == "1")
                    continue;
                double Edge(string name) => double.TryParse(node.SelectSingleNode($"bndbox/{name}")?.InnerText, CultureInfo.InvariantCulture, out double value) && Math.Abs(value) <= MaxSide
                    ? value
                    : throw new FileException(file, $"an object has no number {name} in [−{MaxSide}, {MaxSide}].");
                string label = node.SelectSingleNode("name")?.InnerText.Trim() ?? throw new FileException(file, "an object has no name.");
                found.Add((Path.GetFileNameWithoutExtension(file), label, [Edge("xmin"), Edge("ymin"), Edge("xmax"), Edge("ymax")]));
            }
        }

        string[] names = [.. found.Select(entry => entry.Name).Distinct().Order(StringComparer.Ordinal)];
        ILookup<string, (string Image, string Name, double[] Box)> byImage = found.ToLookup(entry => entry.Image);
        return Open(Path.Combine(root, "JPEGImages"), CocoCategories.Named(names), (path, image) =>
        {
            // Coordinates count pixels from 1.
            foreach ((_, string name, double[] box) in byImage[Path.GetFileNameWithoutExtension(path)])
                Add(image, Array.IndexOf(names, name) + 1, box[0] - 1, box[1] - 1, box[2] - box[0] + 1, box[3] - box[1] + 1);
        });
    }

    // What is nested deeply would overflow the stack where texts are put together.
    private static XmlDocument ReadXml(string file)
    {
        byte[] data = InputFile.ReadAllBytes(file, MaxLabelBytes);
        var document = new XmlDocument { XmlResolver = null };
        try
        {
            using (XmlReader depth = Reader())
            {
                while (depth.Read())
                {
                    if (depth.Depth > MaxDepth)
                        throw new FileException(file, $"its elements are nested more than {MaxDepth} deep.");
                }
            }

            using XmlReader reader = Reader();
            document.Load(reader);
            return document;
        }
        catch (XmlException error)
        {
            throw new FileException(file, $"it is no XML: {error.Message}", error);
        }

        XmlReader Reader() => XmlReader.Create(new MemoryStream(data), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
    }

    private static DetectionFolder Open(string folder, IReadOnlyList<CocoCategory> categories, Action<string, CocoImage> fill)
    {
        var images = new List<CocoImage>();
        foreach (string path in ImageFiles.In(folder))
        {
            using Image photo = ImageDecoder.Decode(path);
            var image = new CocoImage(images.Count + 1, Path.GetFileName(path), photo.Height, photo.Width);
            fill(path, image);
            images.Add(image);
        }

        return images.Count > 0 ? new DetectionFolder(folder, new CocoDataset(images, categories)) : throw new FileException(folder, "it holds no images.");
    }

    private static void Add(CocoImage image, long category, double x, double y, double width, double height) =>
        image.Annotations.Add(new CocoAnnotation { Id = (image.Id << 20) + image.Annotations.Count + 1, Category = category, Box = (x, y, width, height), Area = width * height });
}
