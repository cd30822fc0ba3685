using System.Text.Json;

namespace PolaFormer.Vision.Tests;

/// <summary>The list of photographs by which the shipped network is judged follows from the labels and boxes of its sources, not from what a network gets right.</summary>
public class PhotographListTests
{
    // Classes of ImageNet by their number that are one of CIFAR-10's.
    private static readonly Dictionary<string, int[]> s_imageNet = new()
    {
        ["airplane"] = [895],
        ["bird"] = [10, 15, 20, 80, 85, 90, 95, 100, 130, 135, 140, 145],
        ["cat"] = [285],
        ["dog"] = [155, 160, 165, 170, 175, 180, 185, 190, 191, 195, 200, 205, 210, 215, 220, 225, 230, 235, 240, 245, 250, 255, 260, 265],
        ["frog"] = [30],
        ["ship"] = [510, 625, 780],
        ["truck"] = [555, 569, 675],
    };

    private static readonly Dictionary<string, string> s_coco = new()
    {
        ["airplane"] = "airplane",
        ["car"] = "automobile",
        ["bird"] = "bird",
        ["cat"] = "cat",
        ["dog"] = "dog",
        ["horse"] = "horse",
        ["boat"] = "ship",
        ["truck"] = "truck",
    };

    [Fact]
    public void TheListHoldsEveryPhotographOfTheRuleAndNoOther()
    {
        string data = SharedData.Require("data");
        (string Class, string File)[] expected = [.. ImageNet(data), .. Coco(data, "train2017"), .. Coco(data, "val2017")];
        Assert.Equal(expected.Select(row => $"{row.Class}\t{row.File}").Order(StringComparer.Ordinal), List().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TheListHasFiftyFivePhotographs() => Assert.Equal(55, List().Count());

    private static IEnumerable<string> List()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent!;
        return File.ReadLines(Path.Combine(folder.FullName, "benchmarks", "photographs", "photographs.tsv")).Skip(1);
    }

    private static IEnumerable<(string Class, string File)> ImageNet(string data)
    {
        foreach (string line in File.ReadLines(Path.Combine(data, "imagenet_samples", "labels.tsv")).Skip(1))
        {
            string[] fields = line.Split('\t');
            if (s_imageNet.FirstOrDefault(pair => pair.Value.Contains(int.Parse(fields[1]))).Key is { } name)
                yield return (name, $"imagenet_samples/images/{fields[0]}");
        }
    }

    // Images in which the boxes of a fifth of the image or more are all of one class.
    private static IEnumerable<(string Class, string File)> Coco(string data, string split)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(data, "coco_tiny", "annotations", $"instances_{split}.json")));
        JsonElement root = document.RootElement;
        var names = root.GetProperty("categories").EnumerateArray().ToDictionary(category => category.GetProperty("id").GetInt32(), category => category.GetProperty("name").GetString()!);
        ILookup<int, JsonElement> objects = root.GetProperty("annotations").EnumerateArray().ToLookup(annotation => annotation.GetProperty("image_id").GetInt32());
        foreach (JsonElement image in root.GetProperty("images").EnumerateArray())
        {
            double fifth = 0.2 * image.GetProperty("width").GetInt32() * image.GetProperty("height").GetInt32();
            string[] large = [.. objects[image.GetProperty("id").GetInt32()]
                .Where(annotation => annotation.GetProperty("iscrowd").GetInt32() == 0 && annotation.GetProperty("bbox")[2].GetDouble() * annotation.GetProperty("bbox")[3].GetDouble() >= fifth)
                .Select(annotation => s_coco.GetValueOrDefault(names[annotation.GetProperty("category_id").GetInt32()], ""))
                .Where(name => name.Length > 0).Distinct()];
            if (large.Length == 1)
                yield return (large[0], $"coco_tiny/{split}/{image.GetProperty("file_name").GetString()}");
        }
    }
}
