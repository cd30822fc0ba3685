using System.Text.Json;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Masks;

namespace PolaFormer.Conformance;

/// <summary>Masks: runs, polygons, operations and pasting.</summary>
internal static class DetectionMaskCases
{
    /// <summary>COCO's runs of polygons, bitmaps, boxes and lists, and their overlaps.</summary>
    public static void RunLengths(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        int height = meta.GetProperty("height").GetInt32(), width = meta.GetProperty("width").GetInt32();
        JsonElement polygons = meta.GetProperty("polygons"), expected = meta.GetProperty("expected");
        var masks = new Dictionary<string, RunLengthMask>();
        foreach (JsonProperty entry in polygons.EnumerateObject())
        {
            IReadOnlyList<double[]> parts = DetectionRegionCases.Parts(entry.Value);
            JsonElement wanted = expected.GetProperty(entry.Name);
            for (int i = 0; i < parts.Count; i++)
                CompareMask(comparison, $"{entry.Name} part {i}", Polygon.Rasterize(parts[i], height, width), wanted.GetProperty("parts")[i]);
            RunLengthMask mask = masks[entry.Name] = Polygon.Rasterize(parts, height, width);
            CompareMask(comparison, entry.Name, mask, wanted);
            comparison.Exact($"value.mask.{entry.Name}", DetectionCases.Wide(mask.ToBitmap()));
            comparison.Same($"{entry.Name} read again", RunLengthMask.Parse(wanted.Text("counts"), height, width).ToString(), wanted.Text("counts"));
        }

        RunLengthMask[] listed = [.. meta.Texts("names").Select(name => masks[name])];
        bool[] crowd = [.. meta.GetProperty("crowd").EnumerateArray().Select(item => item.GetBoolean())];
        comparison.Close("f64.iou", [.. listed.SelectMany(mask => listed.Select(other => mask.OverlapWith(other, false)))], 1e-12);
        comparison.Close("f64.iou_crowd", [.. listed.SelectMany(mask => listed.Select((other, i) => mask.OverlapWith(other, crowd[i])))], 1e-12);
        foreach (string name in fixture.Suffixes("in.dense."))
            CompareMask(comparison, name, RunLengthMask.FromBitmap(fixture.Bytes($"in.dense.{name}"), height, width), meta.GetProperty("dense").GetProperty(name));
        JsonElement given = meta.GetProperty("uncompressed").GetProperty("given"), read = meta.GetProperty("uncompressed");
        var listedRuns = new RunLengthMask(height, width, [.. given.GetProperty("counts").EnumerateArray().Select(item => item.GetUInt32())]);
        comparison.Same("uncompressed", listedRuns.ToString(), read.Text("counts"));
        comparison.Same("uncompressed area", listedRuns.Area, read.GetProperty("area").GetInt64());
        CompareBoxes(fixture, comparison, height, width);
        CompareMerged(comparison, meta, masks);
    }

    /// <summary>Masks resized, cropped, flipped, padded and cut to targets, as pixels and as polygons.</summary>
    public static void Operations(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta, calls = meta.GetProperty("calls");
        int height = meta.GetProperty("height").GetInt32(), width = meta.GetProperty("width").GetInt32();
        IReadOnlyList<IReadOnlyList<double[]>> polygons = [.. meta.GetProperty("polygons").EnumerateArray().Select(DetectionRegionCases.Parts)];
        Box[] rois = DetectionCases.Boxes(fixture, "in.rois");
        int[] objects = meta.GetProperty("inds").Integers();
        foreach ((string kind, InstanceMasks masks) in new (string, InstanceMasks)[] { ("bitmap", BitmapMasks.FromPolygons(height, width, polygons)), ("polygon", new PolygonMasks(height, width, polygons)) })
        {
            int[] rescale = calls.GetProperty("rescale").Integers(), resize = calls.GetProperty("resize").Integers(), crop = calls.GetProperty("crop").Integers(), pad = calls.GetProperty("pad").Integers();
            comparison.Close($"value.{kind}.areas", masks.Areas, 1e-3);
            comparison.Close($"value.{kind}.get_bboxes", DetectionCases.Edges(masks.Bounds), 1e-4);
            Compare("plain", masks);
            Compare("rescale", masks.Rescaled(rescale[0], rescale[1]));
            Compare("resize", masks.Resized(resize[0], resize[1]));
            Compare("flip_horizontal", masks.Flipped(true, false));
            Compare("flip_vertical", masks.Flipped(false, true));
            Compare("flip_diagonal", masks.Flipped(true, true));
            Compare("crop", masks.Cropped(crop[0], crop[1], crop[2] - crop[0], crop[3] - crop[1]));
            Compare("pad", masks.Padded(pad[0], pad[1]));
            foreach (JsonElement size in calls.GetProperty("crop_and_resize").EnumerateArray())
            {
                int[] sides = size.Integers();
                comparison.Exact($"value.{kind}.crop_and_resize{sides[0]}", DetectionCases.Wide(masks.Targets(rois, objects, sides[0], sides[1])));
            }

            void Compare(string name, InstanceMasks changed) =>
                comparison.Exact($"value.{kind}.{name}", [.. Enumerable.Range(0, changed.Count).SelectMany(i => changed.Bitmap(i).Select(pixel => (double)pixel))]);
        }
    }

    /// <summary>Small masks put into images.</summary>
    public static void Paste(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        float[] logits = fixture.Floats("in.mask_pred"), scale = fixture.Floats("in.scale_factor");
        int[] labels = DetectionCases.Integers(fixture, "in.labels"), original = meta.GetProperty("ori_shape").Integers();
        int classes = fixture.ShapeOf("in.mask_pred")[1], side = fixture.ShapeOf("in.mask_pred")[2];
        Box[] boxes = DetectionCases.Boxes(fixture, "in.boxes");
        RunLengthMask[] All(bool rescales) => [.. boxes.Select((box, i) =>
        {
            double[] probabilities = [.. logits.AsSpan(((i * classes) + labels[i]) * side * side, side * side).ToArray().Select(value => 1 / (1 + Math.Exp(-value)))];
            (int height, int width) = rescales ? (original[0], original[1]) : ((int)MathF.Round(original[0] * scale[1]), (int)MathF.Round(original[1] * scale[0]));
            return MaskPaste.Paste(probabilities, side, rescales ? box.Divided(scale[0], scale[1]) : box, height, width);
        })];
        DetectionRegionCases.CompareMasks(comparison, "rescale", All(true), meta.GetProperty("rescale"), meta.GetProperty("rescale_pixels_near_threshold").Integers());
        DetectionRegionCases.CompareMasks(comparison, "keep", All(false), meta.GetProperty("keep"), meta.GetProperty("keep_pixels_near_threshold").Integers());
    }

    private static void CompareMask(Comparison comparison, string what, RunLengthMask mask, JsonElement expected)
    {
        comparison.Same($"counts of {what}", mask.ToString(), expected.Text("counts"));
        comparison.Same($"area of {what}", mask.Area, expected.GetProperty("area").GetInt64());
        (double x, double y, double width, double height) = mask.Bounds;
        comparison.SameList($"box of {what}", (double[])[x, y, width, height], [.. expected.GetProperty("bbox").EnumerateArray().Select(item => item.GetDouble())]);
    }

    private static void CompareBoxes(FixtureCase fixture, Comparison comparison, int height, int width)
    {
        float[] values = fixture.Floats("in.boxes_xywh");
        (double X, double Y, double Width, double Height)[] boxes = [.. Enumerable.Range(0, values.Length / 4).Select(i => ((double)values[4 * i], (double)values[(4 * i) + 1], (double)values[(4 * i) + 2], (double)values[(4 * i) + 3]))];
        int columns = fixture.ShapeOf("f64.box_iou")[1];

        // Columns 1 and 3 are crowds.
        comparison.Close("f64.box_iou", [.. boxes.SelectMany(box => boxes.Take(columns).Select((other, i) => RunLengthMask.BoxOverlap(box, other, i is 1 or 3)))], 1e-12);
        string[] expected = fixture.Meta.Texts("box_to_mask");
        comparison.SameList("boxes as masks", boxes.Select(box => RunLengthMask.FromBox(box.X, box.Y, box.Width, box.Height, height, width).ToString()).ToArray(), expected);
    }

    private static void CompareMerged(Comparison comparison, JsonElement meta, Dictionary<string, RunLengthMask> masks)
    {
        // The case gives the areas alone; which pair they are of is told by the first that has both.
        long intersection = meta.GetProperty("intersection_area").GetInt64(), union = meta.GetProperty("union_area").GetInt64();
        RunLengthMask[] all = [.. masks.Values];
        bool isFound = all.Any(mask => all.Any(other => RunLengthMask.Merge([mask, other], intersects: true).Area == intersection && RunLengthMask.Merge([mask, other]).Area == union));
        comparison.Same("a pair of that intersection and union", isFound, true);
    }
}
