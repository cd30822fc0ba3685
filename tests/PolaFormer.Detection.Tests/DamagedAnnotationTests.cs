using System.Globalization;
using System.Text;
using System.Text.Json;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Evaluation;
using PolaFormer.Detection.Masks;
using PolaFormer.Files;
using PolaFormer.Tensors.Random;
using PolaFormer.Vision;

namespace PolaFormer.Detection.Tests;

/// <summary>
/// Damaged annotations are refused or read, and what was read can be used: no other exception, no hang. The environment variable
/// <see cref="Variable"/> sets how many damaged files of each kind there are.
/// </summary>
public class DamagedAnnotationTests
{
    /// <summary>Name of the environment variable.</summary>
    public const string Variable = "POLAFORMER_DAMAGED_ANNOTATIONS";

    private const int DefaultCount = 1_000;

    // Pixels up to which objects become bitmaps: photographs of such sizes would have to lie there.
    private const int MostPixels = 1 << 16;

    private const string Coco = """
        {"info": {"year": 2017, "x": [1, {"y": 2}]}, "licenses": [{"id": 1, "name": "a"}],
         "images": [{"id": 1, "file_name": "a.png", "height": 24, "width": 32}, {"id": 2, "file_name": "b/b.png", "height": 9, "width": 7}],
         "annotations": [
          {"id": 1, "image_id": 1, "category_id": 3, "bbox": [1.5, 2, 10, 8.25], "area": 70, "iscrowd": 0, "segmentation": [[1.5, 2, 11, 2, 11, 10, 1.5, 10.25], [20, 20, 25, 20, 22, 23]]},
          {"id": 2, "image_id": 1, "category_id": 7, "bbox": [0, 0, 7, 9], "area": 40, "iscrowd": 1, "segmentation": {"counts": [10, 20, 700, 38], "size": [24, 32]}},
          {"id": 3, "image_id": 2, "category_id": 3, "bbox": [0, 0, 7, 9], "area": 30, "iscrowd": 0, "segmentation": {"counts": "TEXT", "size": [9, 7]}},
          {"id": 4, "image_id": 2, "category_id": 7, "bbox": [2, 2, 3, 3], "area": 9, "iscrowd": 0}],
         "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "dög"}]}
        """;

    private const string Voc = """
        <annotation><filename>a.png</filename><size><width>32</width><height>24</height><depth>3</depth></size>
        <object><name>cat</name><difficult>0</difficult><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>12</xmax><ymax>20</ymax></bndbox></object>
        <object><name>dog</name><difficult>1</difficult><bndbox><xmin>1.5</xmin><ymin>1</ymin><xmax>30</xmax><ymax>22</ymax></bndbox></object></annotation>
        """;

    // What damages more than a byte does.
    private static readonly string[] s_pieces =
    [
        "-1", "0", "1e308", "-1e308", "1e999", "65536", "65537", "2147483647", "-2147483648", "4294967296", "9223372036854775807", "0.0000001", "NaN", "null", "true", "\"\"", "\"\\ud800\"", "[]", "{}", "[[]]",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "}", "]", ",", ":", "\"", "\\u0000", "<a>", "</object>", "&#0;", "&a;", "<!DOCTYPE a [<!ENTITY a \"b\">]>", " ", "\n", "\t",
    ];

    private static int Count { get; } = int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : DefaultCount;

    [Fact]
    public void Files_of_coco_are_refused_or_can_be_used()
    {
        string text = Coco.Replace("TEXT", RunLengthMask.FromBox(1, 1, 4, 5, 9, 7).ToString(), StringComparison.Ordinal);
        for (int i = 0; i < Count; i++)
        {
            byte[] damaged = Damaged(text, 1, i);
            Try(damaged, () =>
            {
                try
                {
                    Use(CocoReader.Read(new MemoryStream(damaged)).Dataset);
                }
                catch (JsonException)
                {
                }
            });
        }
    }

    [Fact]
    public void Texts_of_masks_are_refused_or_can_be_used()
    {
        string text = RunLengthMask.FromBox(3, 2, 11, 9, 24, 32).ToString();
        for (int i = 0; i < Count; i++)
        {
            byte[] damaged = Damaged(text, 2, i);
            Try(damaged, () =>
            {
                try
                {
                    var mask = RunLengthMask.Parse(Encoding.Latin1.GetString(damaged), 24, 32);
                    Assert.Equal(mask.Area, mask.ToBitmap().Sum(pixel => pixel));
                    Assert.Equal(mask.ToString(), RunLengthMask.Parse(mask.ToString(), 24, 32).ToString());
                    Assert.InRange(mask.OverlapWith(mask, isCrowd: false), 0, 1);
                }
                catch (FormatException)
                {
                }
            });
        }
    }

    [Theory]
    [InlineData("yolo")]
    [InlineData("voc")]
    public void Label_files_are_refused_or_can_be_used(string kind)
    {
        string root = Directory.CreateTempSubdirectory("polaformer").FullName;
        try
        {
            bool isYolo = kind == "yolo";
            string images = Directory.CreateDirectory(Path.Combine(root, isYolo ? "images" : "JPEGImages")).FullName, labels = Directory.CreateDirectory(Path.Combine(root, isYolo ? "labels" : "Annotations")).FullName;
            using var photo = new Image(32, 24);
            photo.Pixels.Clear();
            File.WriteAllBytes(Path.Combine(images, "a.png"), ImageEncoder.Png(photo));
            File.WriteAllText(Path.Combine(root, "classes.txt"), "cat\ndog\n");
            for (int i = 0; i < Count; i++)
            {
                byte[] damaged = Damaged(isYolo ? "0 0.5 0.5 0.25 0.5\n1 0.1 0.2 0.1 0.1\n" : Voc, isYolo ? 3UL : 4, i);
                File.WriteAllBytes(Path.Combine(labels, isYolo ? "a.txt" : "a.xml"), damaged);
                Try(damaged, () =>
                {
                    try
                    {
                        Use((isYolo ? LabelFolder.OfYolo(root) : LabelFolder.OfVoc(root)).Annotations);
                    }
                    catch (FileException)
                    {
                    }
                });
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void Elements_nested_deeply_are_told()
    {
        string root = Directory.CreateTempSubdirectory("polaformer").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(root, "Annotations"));
            File.WriteAllText(Path.Combine(root, "Annotations", "a.xml"), $"<annotation><object><difficult>{string.Concat(Enumerable.Repeat("<a>", 200_000))}");
            Assert.Contains("deep", Assert.Throws<FileException>(() => LabelFolder.OfVoc(root)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void Edges_too_long_to_follow_are_told() =>
        Assert.Throws<FormatException>(() => Polygon.Rasterize([.. Enumerable.Range(0, 4000).Select(i => i % 4 < 2 ? 0.0 : 65536)], 8, 8));

    // The boxes, masks and evaluation of what was read.
    private static void Use(CocoDataset dataset)
    {
        foreach (CocoImage image in dataset.Images.Where(image => (long)image.Height * image.Width <= MostPixels))
        {
            (Box[] boxes, _, _, InstanceMasks masks) = dataset.ObjectsOf(image);
            masks.Flipped(horizontally: true, vertically: false).Resized(16, 16).Targets([.. boxes.Select(box => box.Clipped(16, 16))], [.. Enumerable.Range(0, boxes.Length)], 7, 7);
            InstanceMasks polygons = dataset.ObjectsOf(image, keepsPolygons: true).Masks;
            Assert.Equal(polygons.Count, polygons.Bounds.Length);
        }

        ImageDetections[] none = [.. dataset.Images.Select(_ => ImageDetections.None with { Masks = [] })];
        CocoResults.Evaluate(dataset, none, comparesMasks: false);
        CocoResults.Evaluate(dataset, none, comparesMasks: true);
    }

    private static void Try(byte[] damaged, Action use)
    {
        try
        {
            use();
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"After damage to: {Convert.ToBase64String(damaged)}", error);
        }
    }

    // One to four changes: bytes, pieces put in, parts left out or doubled.
    private static byte[] Damaged(string text, ulong kind, int number)
    {
        var random = new Philox(kind, (ulong)number);
        ulong drawn = 0;
        int Below(int count) => (int)(random.UInt32(drawn++) % (uint)Math.Max(1, count));
        var bytes = new List<byte>(Encoding.UTF8.GetBytes(text));
        int changes = 1 + Below(4);
        for (int i = 0; i < changes && bytes.Count > 0; i++)
        {
            int at = Below(bytes.Count), length = Math.Min(1 + Below(40), bytes.Count - at);
            switch (Below(5))
            {
                case 0:
                    bytes[at] = (byte)Below(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(s_pieces[Below(s_pieces.Length)]));
                    break;
                default:
                    // A number or word whole.
                    int from = at, to = at;
                    while (from > 0 && IsWord(bytes[from - 1]))
                        from--;
                    while (to < bytes.Count && IsWord(bytes[to]))
                        to++;
                    bytes.RemoveRange(from, to - from);
                    bytes.InsertRange(from, Encoding.UTF8.GetBytes(s_pieces[Below(s_pieces.Length)]));
                    break;
            }
        }

        return [.. bytes];
    }

    private static bool IsWord(byte value) => char.IsAsciiLetterOrDigit((char)value) || value is (byte)'.' or (byte)'-' or (byte)'_';
}
