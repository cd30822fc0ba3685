using System.Text.Json;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Evaluation;
using PolaFormer.Detection.Masks;

namespace PolaFormer.Detection.Tests;

/// <summary>The sample results that come with COCO's own evaluation code, and the figures it prints for them.</summary>
public class SharedEvaluationTests
{
    // pycocotools' demonstration, to three decimals.
    private static readonly double[] s_boxes = [0.505, 0.697, 0.573, 0.586, 0.519, 0.501, 0.387, 0.594, 0.595, 0.640, 0.566, 0.564];
    private static readonly double[] s_masks = [0.320, 0.562, 0.299, 0.387, 0.310, 0.327, 0.268, 0.415, 0.417, 0.469, 0.377, 0.381];

    [Theory]
    [InlineData("bbox", false)]
    [InlineData("segm", true)]
    public void Figures_are_those_that_COCO_prints(string kind, bool isMasks)
    {
        string? folder = Find();
        Assert.SkipWhen(folder is null, "needs coco_eval beside the repository");
        CocoDataset dataset = CocoReader.Read(Path.Combine(folder, "instances_val2014_100.json")).Dataset;
        Dictionary<long, CocoImage> images = dataset.Images.ToDictionary(image => image.Id);
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "results", $"instances_val2014_fake{kind}100_results.json")));
        EvaluatedObject[] found = [.. file.RootElement.EnumerateArray().Where(entry => images.ContainsKey(entry.GetProperty("image_id").GetInt64())).Select(entry => Read(entry, isMasks))];
        EvaluationTable table = DetectionEvaluation.Run(
            images.Keys,
            dataset.Categories.Select(category => category.Id),
            dataset.Images.SelectMany(image => image.Annotations.Select(entry => entry.ToEvaluated(image, isMasks))),
            found,
            new EvaluationOptions { ComparesMasks = isMasks });
        Assert.Equal(isMasks ? s_masks : s_boxes, table.Summary.Select(value => Math.Round(value, 3)));
    }

    private static EvaluatedObject Read(JsonElement entry, bool isMask)
    {
        var common = new EvaluatedObject { Image = entry.GetProperty("image_id").GetInt64(), Category = entry.GetProperty("category_id").GetInt64(), Score = entry.GetProperty("score").GetDouble() };
        if (isMask)
        {
            JsonElement runs = entry.GetProperty("segmentation");
            RunLengthMask mask = RunLengthMask.Parse(runs.GetProperty("counts").GetString(), runs.GetProperty("size")[0].GetInt32(), runs.GetProperty("size")[1].GetInt32());
            return common with { Mask = mask, Area = mask.Area };
        }

        double[] box = [.. entry.GetProperty("bbox").EnumerateArray().Select(item => item.GetDouble())];
        return common with { Box = (box[0], box[1], box[2], box[3]), Area = box[2] * box[3] };
    }

    private static string? Find()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string candidate = Path.Combine(at.FullName, "..", "shared", "data", "coco_eval");
            if (Directory.Exists(candidate))
                return candidate;
        }

        return null;
    }
}
