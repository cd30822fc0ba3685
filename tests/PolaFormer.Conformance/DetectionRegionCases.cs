using System.Globalization;
using System.Text.Json;
using PolaFormer.Detection;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Heads;
using PolaFormer.Detection.Losses;
using PolaFormer.Detection.Masks;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Conformance;

/// <summary>Region heads of one stage and cascades: a training step, its gradients, and detections with masks.</summary>
internal static class DetectionRegionCases
{
    // A fifth of what recorded cases allow a mask's logits, a quarter of which reaches a probability at the bound: of all recorded masks
    // one has a pixel that near to it.
    private const double MaskTolerance = 1e-6;

    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        var head = new RegionHead(MmdetModel.ReadRegions(fixture.Meta.GetProperty("construct")));
        ForwardBackward.LoadState(fixture, comparison, head);
        head.Train();
        ImageInfo[] images = DetectionHeadCases.Images(fixture);
        Tensor[] maps = DetectionCases.Maps(fixture);
        ImageObjects[] objects = Objects(fixture, images, (info, _) => (info.PaddedHeight, info.PaddedWidth));
        Box[][] proposals = [.. images.Select((_, i) => DetectionCases.Boxes(fixture, $"in.prop{i}"))];
        (Func<int, int[]> draw, List<int> drawn) = DetectionCases.Permutations(fixture);
        using (var tape = Tape.Start())
        {
            (NamedLoss[] losses, RegionStage[] stages) = head.TrainingLosses(maps, images, proposals, objects, draw);
            bool isCascade = fixture.Has("value.s0.labels");
            for (int i = 0; i < stages.Length; i++)
                CompareStage(fixture, comparison, stages[i], isCascade ? $"s{i}." : "");
            foreach (NamedLoss loss in losses)
                comparison.Close($"out.loss.{loss.Name}", [loss.Values[0].Item()]);
            Tensor total = NamedLoss.Total(losses);
            comparison.Close("out.total", [total.Item()]);
            tape.Backward(total);
        }

        DetectionCases.ComparePermutations(fixture, comparison, drawn);
        DetectionCases.CompareMapGradients(fixture, comparison, maps);
        CompareDigests(fixture, comparison, "grad", "digest", "digest_names", [.. head.NamedParameters().Select(entry => (entry.Name, entry.Parameter.Grad is { } gradient ? (Func<float[]>)(() => gradient.ToArray()) : () => new float[entry.Parameter.Count]))]);
        ForwardBackward.CompareStatistics(fixture, comparison, head);
        head.Evaluate();
        ImageDetections[][] found = AtBounds(head, () => head.Detections(maps, images, proposals));
        for (int i = 0; i < found[0].Length; i++)
            CompareDetections(fixture, comparison, [.. found.Select(all => all[i].ByClass())], $"test{i}.dets", $"test{i}.labels", $"test{i}.masks", $"test{i}.mask_pixels_differing_from_float64");
    }

    /// <summary>What is in the images: boxes, classes and masks of the size that is asked for.</summary>
    public static ImageObjects[] Objects(FixtureCase fixture, ImageInfo[] images, Func<ImageInfo, int, (int Height, int Width)> size) => [.. images.Select((image, i) =>
    {
        InstanceMasks? masks = null;
        if (fixture.Meta.Field("polygons") is { } all)
        {
            IReadOnlyList<IReadOnlyList<double[]>> polygons = [.. all[i].EnumerateArray().Select(Parts)];
            (int height, int width) = size(image, i);
            masks = fixture.Meta.Text("mask_type") == "polygon" ? new PolygonMasks(height, width, polygons) : BitmapMasks.FromPolygons(height, width, polygons);
        }

        return new ImageObjects(DetectionCases.Boxes(fixture, $"in.gt{i}"), DetectionCases.Integers(fixture, $"in.labels{i}"), masks);
    })];

    /// <summary>The polygons of an object.</summary>
    public static IReadOnlyList<double[]> Parts(JsonElement parts) => [.. parts.EnumerateArray().Select(part => part.EnumerateArray().Select(value => value.GetDouble()).ToArray())];

    /// <summary>Detections with the masks' bound as it is, a little lower and a little higher: between these the network's rounding decides.</summary>
    public static ImageDetections[][] AtBounds(RegionHead? head, Func<ImageDetections[]> detect)
    {
        if (head is null)
            return [detect()];
        double bound = head.MaskBound;
        return [.. new[] { 0, -MaskTolerance, MaskTolerance }.Select(offset =>
        {
            head.MaskBound = bound + offset;
            return detect();
        })];
    }

    /// <summary>Rows of sum, sum of magnitudes and product with the formula's values, one for each name.</summary>
    public static void CompareDigests(FixtureCase fixture, Comparison comparison, string beginning, string digest, string names, (string Name, Func<float[]> Values)[] tensors, IReadOnlySet<string>? skipped = null, IReadOnlyDictionary<string, double>? allowances = null)
    {
        string key = $"{beginning}.{digest}", truth = fixture.Has($"{beginning}64.{digest}") ? $"{beginning}64.{digest}" : key;
        double[] expected = fixture.Doubles(truth), tolerances = fixture.Doubles(digest == "digest" ? "aux.digest_atol" : "aux.update_atol");
        comparison.Excuse(key);
        string[] rows = fixture.Meta.Texts(names);
        Dictionary<string, Func<float[]>> known = tensors.ToDictionary(entry => entry.Name, entry => entry.Values);
        for (int i = 0; i < rows.Length; i++)
        {
            if (skipped?.Contains(rows[i]) == true)
                continue;
            if (!known.TryGetValue(rows[i], out Func<float[]>? values))
            {
                comparison.Fail($"there is no {rows[i]}");
                continue;
            }

            double[] actual = Digest(values(), $"{fixture.Salt}dot.{rows[i]}");
            for (int j = 0; j < 3; j++)
                comparison.Within($"{key} {rows[i]} {j}", actual[j], expected[(3 * i) + j], tolerances[(3 * i) + j] + (allowances?.GetValueOrDefault(rows[i]) ?? 0));
        }
    }

    /// <summary>Detections of an image, class after class, and their masks.</summary>
    public static void CompareDetections(FixtureCase fixture, Comparison comparison, ImageDetections[] bounds, string boxes, string labels, string masks, string differing)
    {
        ImageDetections found = bounds[0];
        DetectionHeadCases.CompareDetections(comparison, $"out.{boxes}", found.Boxes, found.Scores);
        comparison.Exact($"value.{labels}", DetectionCases.Wide(found.Labels));
        if (fixture.Meta.Field(masks) is not { } expected || found.Masks is null)
            return;
        CompareMasks(comparison, masks, found.Masks, expected, fixture.Meta.Field(differing)?.Integers(), bounds is [_, { Masks: { } lower }, { Masks: { } upper }] ? (lower, upper) : null);
    }

    /// <summary>Masks against COCO's texts; a few pixels may differ where the case says so.</summary>
    public static void CompareMasks(Comparison comparison, string what, IReadOnlyList<RunLengthMask> masks, JsonElement expected, int[]? differing, (IReadOnlyList<RunLengthMask> Lower, IReadOnlyList<RunLengthMask> Upper)? bounds = null)
    {
        comparison.Same($"number of {what}", masks.Count, expected.GetArrayLength());
        for (int i = 0; i < Math.Min(masks.Count, expected.GetArrayLength()); i++)
        {
            int[] size = expected[i].GetProperty("size").Integers();
            RunLengthMask truth = RunLengthMask.Parse(expected[i].Text("counts"), size[0], size[1]);
            int allowed = differing?[i] ?? 0;
            if (masks[i].ToString() == truth.ToString() || (masks[i].Height, masks[i].Width) != (size[0], size[1]))
            {
                comparison.Same($"{what} {i}", $"{masks[i].Height} {masks[i].Width} {masks[i]}", $"{size[0]} {size[1]} {truth}");
                continue;
            }

            byte[] lower = (bounds?.Lower[i] ?? masks[i]).ToBitmap(), upper = (bounds?.Upper[i] ?? masks[i]).ToBitmap();
            int pixels = truth.ToBitmap().Where((pixel, j) => lower[j] == upper[j] && pixel != lower[j]).Count();
            comparison.Within(string.Create(CultureInfo.InvariantCulture, $"pixels of {what} {i}"), pixels, 0, allowed == 0 ? 1e-30 : allowed);
        }
    }

    private static void CompareStage(FixtureCase fixture, Comparison comparison, RegionStage stage, string prefix)
    {
        int classes = stage.Scores.Shape[1] - 1;
        int[] positive = [.. Enumerable.Range(0, stage.Labels.Length).Where(i => stage.Labels[i] < classes)];
        comparison.Exact($"value.{prefix}labels", DetectionCases.Wide(stage.Labels));
        comparison.Exact($"value.{prefix}num_pos", [.. stage.Samples.Select(sample => (double)sample.Positive.Length)]);
        comparison.Exact($"value.{prefix}pos_inds", [.. stage.Samples.SelectMany(sample => sample.Positive.Select(i => (double)i))]);
        comparison.Exact($"value.{prefix}neg_inds", [.. stage.Samples.SelectMany(sample => sample.Negative.Select(i => (double)i))]);
        comparison.Close($"out.{prefix}rois", [.. stage.Regions.SelectMany(region => (double[])[region.Image, region.Box.X1, region.Box.Y1, region.Box.X2, region.Box.Y2])]);
        comparison.Close($"out.{prefix}cls_score", stage.Scores.ToArray());
        comparison.Close($"out.{prefix}bbox_pred", stage.Deltas.ToArray());
        var targets = new double[4 * stage.Labels.Length];
        for (int i = 0; i < positive.Length; i++)
            DetectionCases.Edges([stage.Targets[i]]).CopyTo(targets, 4 * positive[i]);
        comparison.Close($"out.{prefix}bbox_targets", targets);
        if (stage.MaskTargets is null)
            return;
        comparison.Exact($"value.{prefix}mask_targets", DetectionCases.Wide(stage.MaskTargets));
        comparison.Close($"out.{prefix}mask_pred_first2", stage.MaskLogits is { } logits ? Layout.ChannelsFirst.Export(logits.Detach().Slice(0, 0, Math.Min(2, logits.Shape[0]))) : []);
    }

    private static double[] Digest(float[] values, string key)
    {
        float[] weights = FormulaValues.Symmetric(key, values.Length);
        (double sum, double magnitudes, double product) = (0, 0, 0);
        for (int i = 0; i < values.Length; i++)
        {
            sum += values[i];
            magnitudes += Math.Abs(values[i]);
            product += (double)values[i] * weights[i];
        }

        return [sum, magnitudes, product];
    }
}
