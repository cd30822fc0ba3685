using System.Text.Json;
using PolaFormer.Detection.Evaluation;
using PolaFormer.Detection.Masks;

namespace PolaFormer.Conformance;

/// <summary>COCO's evaluation: tables of precision and recall of boxes and masks.</summary>
internal static class DetectionEvaluationCases
{
    private const double Tolerance = 1e-9;

    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        JsonElement truth = fixture.Meta.GetProperty("ground_truth");
        Dictionary<long, (int Height, int Width)> images = truth.GetProperty("images").EnumerateArray()
            .ToDictionary(image => image.GetProperty("id").GetInt64(), image => (image.GetProperty("height").GetInt32(), image.GetProperty("width").GetInt32()));
        long[] categories = [.. truth.GetProperty("categories").EnumerateArray().Select(category => category.GetProperty("id").GetInt64())];
        foreach (bool isMasks in new[] { false, true })
        {
            string kind = isMasks ? "segm" : "bbox";
            if (!fixture.Has($"f64.{kind}.recall"))
                continue;
            EvaluatedObject[] objects = [.. truth.GetProperty("annotations").EnumerateArray().Select(entry => Read(entry, images, isMasks, false))];
            EvaluatedObject[] found = [.. fixture.Meta.GetProperty("detections").EnumerateArray().Select(entry => Read(entry, images, isMasks, true))];
            foreach (JsonProperty expected in fixture.Meta.GetProperty("expected").EnumerateObject().Where(entry => entry.Name.StartsWith(kind, StringComparison.Ordinal)))
            {
                if (expected.Value.Field("stats") is not { } stats)
                    continue;
                var options = new EvaluationOptions
                {
                    ComparesMasks = isMasks,
                    MaxDetections = expected.Value.GetProperty("maxDets").Integers(),
                    UsesCategories = expected.Value.GetProperty("useCats").GetInt32() == 1,
                };
                EvaluationTable table = DetectionEvaluation.Run(images.Keys, categories, objects, found, options);
                double[] summary = table.Summary;
                for (int i = 0; i < summary.Length; i++)
                    comparison.Within($"{expected.Name} {i}", summary[i], stats[i].GetDouble(), Tolerance);
                if (expected.Name == $"{kind}.coco")
                    CompareTable(fixture, comparison, kind, table, options);
            }
        }
    }

    /// <summary>An annotation or detection.</summary>
    public static EvaluatedObject Read(JsonElement entry, IReadOnlyDictionary<long, (int Height, int Width)> images, bool needsMask, bool isFound)
    {
        long image = entry.GetProperty("image_id").GetInt64();
        RunLengthMask? mask = needsMask && entry.Field("segmentation") is { } segmentation ? MaskOf(segmentation, images[image]) : null;
        double[] box = entry.Field("bbox") is { } edges ? [.. edges.EnumerateArray().Select(item => item.GetDouble())] : [0, 0, 0, 0];
        return new EvaluatedObject
        {
            Image = image,
            Category = entry.GetProperty("category_id").GetInt64(),
            Id = isFound ? 0 : entry.GetProperty("id").GetInt64(),
            Box = (box[0], box[1], box[2], box[3]),
            Area = !isFound ? entry.GetProperty("area").GetDouble() : mask is null ? box[2] * box[3] : mask.Area,
            IsCrowd = entry.Field("iscrowd")?.GetInt32() == 1,
            Score = entry.Field("score")?.GetDouble() ?? 0,
            Mask = mask,
        };
    }

    /// <summary>Polygons, a list of runs, or COCO's text.</summary>
    public static RunLengthMask MaskOf(JsonElement segmentation, (int Height, int Width) image)
    {
        if (segmentation.ValueKind == JsonValueKind.Array)
            return Polygon.Rasterize(DetectionRegionCases.Parts(segmentation), image.Height, image.Width);
        int[] size = segmentation.GetProperty("size").Integers();
        JsonElement counts = segmentation.GetProperty("counts");
        return counts.ValueKind == JsonValueKind.String
            ? RunLengthMask.Parse(counts.GetString(), size[0], size[1])
            : new RunLengthMask(size[0], size[1], [.. counts.EnumerateArray().Select(item => item.GetUInt32())]);
    }

    private static void CompareTable(FixtureCase fixture, Comparison comparison, string kind, EvaluationTable table, EvaluationOptions options)
    {
        int categories = table.Categories.Count, bounds = options.OverlapBounds.Count, recalls = options.Recalls.Count;
        IEnumerable<(int Bound, int Recall, int Category)> cells = from t in Enumerable.Range(0, bounds) from r in Enumerable.Range(0, recalls) from k in Enumerable.Range(0, categories) select (t, r, k);
        comparison.Close($"f64.{kind}.precision_all", [.. cells.Select(cell => table.Precision(cell.Bound, cell.Recall, cell.Category, 0, 2))], Tolerance);
        comparison.Close($"f64.{kind}.scores_all", [.. cells.Where(cell => cell.Recall % 10 == 0).Select(cell => table.Score(cell.Bound, cell.Recall, cell.Category, 0, 2))], Tolerance);
        comparison.Close($"f64.{kind}.recall", [.. from t in Enumerable.Range(0, bounds) from k in Enumerable.Range(0, categories) from a in Enumerable.Range(0, options.Areas.Count) from m in Enumerable.Range(0, options.MaxDetections.Count) select table.Recall(t, k, a, m)], Tolerance);
        foreach (JsonProperty expected in fixture.Meta.GetProperty("expected").GetProperty($"{kind}.per_class_ap").EnumerateObject())
        {
            int category = table.Categories.ToList().IndexOf(long.Parse(expected.Name, System.Globalization.CultureInfo.InvariantCulture));
            double? value = table.CategoryPrecision(category);
            comparison.Within($"{kind} of class {expected.Name}", value ?? -1, expected.Value.ValueKind == JsonValueKind.Null ? -1 : expected.Value.GetDouble(), Tolerance);
        }
    }
}
