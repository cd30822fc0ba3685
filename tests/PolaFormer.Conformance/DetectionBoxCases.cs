using System.Globalization;
using System.Text.Json;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Conformance;

/// <summary>Anchors, assignment, sampling, coding, overlaps and suppression of boxes.</summary>
internal static class DetectionBoxCases
{
    // What the recorded calls of multiclass suppression were made with.
    private const float ScoreBound = 0.05f, OverlapBound = 0.5f;

    /// <summary>Anchors of all levels, and which of them count.</summary>
    public static void Anchors(FixtureCase fixture, Comparison comparison)
    {
        AnchorGenerator generator = MmdetModel.ReadAnchors(fixture.Meta.GetProperty("construct"));
        JsonElement call = fixture.Meta.GetProperty("call");
        (int Height, int Width)[] maps = [.. call.GetProperty("featmap_sizes").EnumerateArray().Select(size => (size[0].GetInt32(), size[1].GetInt32()))];
        for (int level = 0; level < maps.Length; level++)
        {
            comparison.Close($"value.base.{level}", DetectionCases.Edges(generator.Shapes(level)), 1e-4);
            comparison.Close($"value.anchors.{level}", DetectionCases.Edges(generator.OfLevel(level, maps[level].Height, maps[level].Width)), 1e-4);
        }

        comparison.SameList("anchors of a place", maps.Select(_ => generator.Count).ToArray(), fixture.Meta.GetProperty("num_base_priors").Integers());
        Box[] anchors = generator.OfAll(maps);
        for (int i = 0; i < call.GetProperty("pad_shapes").GetArrayLength(); i++)
        {
            JsonElement padded = call.GetProperty("pad_shapes")[i], image = call.GetProperty("img_shapes")[i];
            bool[] valid = generator.Valid(maps, padded[0].GetInt32(), padded[1].GetInt32());
            comparison.Exact($"value.valid.{i}", DetectionCases.Wide(valid));
            foreach (int border in call.GetProperty("allowed_borders").Integers())
                comparison.Exact(string.Create(CultureInfo.InvariantCulture, $"value.inside.{i}.border{border}"), DetectionCases.Wide(AnchorGenerator.Inside(anchors, valid, image[0].GetInt32(), image[1].GetInt32(), border)));
        }
    }

    /// <summary>What boxes stand for, by several assigners.</summary>
    public static void Assign(FixtureCase fixture, Comparison comparison)
    {
        foreach (JsonProperty config in fixture.Meta.GetProperty("configs").EnumerateObject())
        {
            Assignment assignment = MmdetModel.ReadAssigner(config.Value).Assign(
                DetectionCases.Boxes(fixture, "in.boxes"), DetectionCases.Boxes(fixture, "in.gts"), DetectionCases.Integers(fixture, "in.labels"), DetectionCases.Boxes(fixture, "in.ignore"));
            comparison.Exact($"value.{config.Name}.gt_inds", DetectionCases.Wide(assignment.Objects));
            comparison.Exact($"value.{config.Name}.labels", DetectionCases.Wide(assignment.Labels));
            comparison.Close($"value.{config.Name}.max_overlaps", DetectionCases.Wide(assignment.Overlaps), 1e-6);
        }
    }

    /// <summary>Which boxes are chosen.</summary>
    public static void Sample(FixtureCase fixture, Comparison comparison)
    {
        Box[] boxes = DetectionCases.Boxes(fixture, "in.boxes"), objects = DetectionCases.Boxes(fixture, "in.gts");
        int[] labels = DetectionCases.Integers(fixture, "in.labels");
        (Func<int, int[]> draw, List<int> drawn) = DetectionCases.Permutations(fixture);
        Assignment assignment = MmdetModel.ReadAssigner(fixture.Meta.GetProperty("assigner")).Assign(boxes, objects, labels, []);
        SampledBoxes sampled = MmdetModel.ReadSampler(fixture.Meta.GetProperty("sampler")).Sample(assignment, boxes, objects, labels, draw);
        DetectionCases.ComparePermutations(fixture, comparison, drawn);
        comparison.Exact("value.pos_inds", DetectionCases.Wide(sampled.Positive));
        comparison.Exact("value.neg_inds", DetectionCases.Wide(sampled.Negative));
        comparison.Exact("value.pos_assigned_gt_inds", DetectionCases.Wide(sampled.Objects));
        comparison.Exact("value.pos_gt_labels", DetectionCases.Wide(sampled.Labels));
        comparison.Exact("value.pos_is_gt", DetectionCases.Wide(sampled.IsObject));
        comparison.Close("value.bboxes", DetectionCases.Edges(sampled.Boxes), 1e-4);
        comparison.Close("value.pos_bboxes", DetectionCases.Edges(sampled.PositiveBoxes), 1e-4);
        comparison.Close("value.neg_bboxes", DetectionCases.Edges(sampled.NegativeBoxes), 1e-4);
        comparison.Close("value.pos_gt_bboxes", DetectionCases.Edges(sampled.ObjectBoxes), 1e-4);
    }

    /// <summary>Deltas and boxes, with gradients.</summary>
    public static void Code(FixtureCase fixture, Comparison comparison)
    {
        BoxCoder coder = MmdetModel.ReadCoder(fixture.Meta.GetProperty("construct"));
        Box[] rois = DetectionCases.Boxes(fixture, "in.rois"), objects = DetectionCases.Boxes(fixture, "in.gts");
        int[] size = fixture.Meta.GetProperty("call").GetProperty("max_shape").Integers();
        comparison.Close("out.encoded", DetectionCases.Edges(rois.Select((box, i) => coder.Encode(box, objects[i]))));
        Tensor boxes = Input(fixture, "rois"), deltas = Input(fixture, "deltas");
        using (var tape = Tape.Start())
        {
            Tensor free = coder.Decode(boxes, deltas), clipped = coder.Decode(boxes, deltas, (size[0], size[1]));
            tape.Backward(Weighted(fixture, "decoded", free) + Weighted(fixture, "decoded_clipped", clipped));
            comparison.Close("out.decoded", free.ToArray());
            comparison.Close("out.decoded_clipped", clipped.ToArray());
        }

        comparison.Close("grad.in.rois", boxes.Grad!.ToArray());
        comparison.Close("grad.in.deltas", deltas.Grad!.ToArray());
    }

    /// <summary>The family of overlaps, with gradients.</summary>
    public static void Overlap(FixtureCase fixture, Comparison comparison)
    {
        Tensor a = Input(fixture, "a"), b = Input(fixture, "b");
        using (var tape = Tape.Start())
        {
            Tensor loss = Tensor.Zeros([]);
            foreach ((string name, OverlapMode mode) in new[] { ("iou", OverlapMode.IntersectionOverUnion), ("iof", OverlapMode.IntersectionOverFirst), ("giou", OverlapMode.Generalized) })
            {
                Tensor all = a.BoxOverlaps(b, mode), pairs = a.Slice(0, 0, b.Shape[0]).PairedBoxOverlaps(b, mode);
                comparison.Close($"out.{name}", all.ToArray());
                comparison.Close($"out.{name}_aligned", pairs.ToArray());
                loss = loss + Weighted(fixture, name, all) + Weighted(fixture, $"{name}_aligned", pairs);
            }

            tape.Backward(loss);
        }

        comparison.Close("grad.in.a", a.Grad!.ToArray());
        comparison.Close("grad.in.b", b.Grad!.ToArray());
    }

    /// <summary>Suppression in all its forms.</summary>
    public static void Suppress(FixtureCase fixture, Comparison comparison)
    {
        Box[] boxes = DetectionCases.Boxes(fixture, "in.boxes");
        float[] scores = fixture.Floats("in.scores");
        int[] groups = DetectionCases.Integers(fixture, "in.ids");
        foreach (string key in fixture.Suffixes("value.").Where(key => key.EndsWith(".keep", StringComparison.Ordinal)))
        {
            string name = key[..^5];
            int count = (int)fixture.ShapeOf($"value.{key}").Count;
            int[] kept = name switch
            {
                "agnostic" => NonMaximumSuppression.Keep(boxes, scores, OverlapBound),
                "batched" => NonMaximumSuppression.KeepByGroup(boxes, scores, groups, OverlapBound),
                "none" => NonMaximumSuppression.KeepByGroup(boxes, scores, groups, null),
                "split" => NonMaximumSuppression.KeepByGroup(boxes, scores, groups, OverlapBound, count, split: 1),
                _ when name.StartsWith("nms_max", StringComparison.Ordinal) => NonMaximumSuppression.Keep(boxes, scores, OverlapBound, Whole(name[7..])),
                _ when name.StartsWith("nms_score", StringComparison.Ordinal) => NonMaximumSuppression.Keep(boxes, scores, OverlapBound, scoreBound: Single(name[9..])),
                _ => NonMaximumSuppression.Keep(boxes, scores, Single(name[3..])),
            };
            comparison.Exact($"value.{key}", DetectionCases.Wide(kept));
            if (fixture.Has($"value.{name}.dets"))
                comparison.Exact($"value.{name}.dets", [.. kept.SelectMany(i => (double[])[boxes[i].X1, boxes[i].Y1, boxes[i].X2, boxes[i].Y2, scores[i]])]);
        }

        foreach (string name in fixture.Suffixes("value.mc_").Where(key => key.EndsWith(".dets", StringComparison.Ordinal)).Select(key => key[..^5]))
            SuppressByClass(fixture, comparison, name, boxes);
    }

    private static void SuppressByClass(FixtureCase fixture, Comparison comparison, string name, Box[] boxes)
    {
        float[] scores = fixture.Floats("in.multi_scores");
        int classes = fixture.ShapeOf("in.multi_scores")[1] - 1, expected = fixture.ShapeOf($"value.mc_{name}.dets")[0];
        Box[] own = Box.FromValues(fixture.Floats("in.multi_boxes")), used = name == "perclass" ? own : boxes;
        int[] kept = NonMaximumSuppression.KeepByClass(used, scores, classes, name == "empty" ? 1 : ScoreBound, OverlapBound, name is "perclass" or "shared" ? expected : -1);
        if (fixture.Has($"value.mc_{name}.inds"))
            comparison.Exact($"value.mc_{name}.inds", DetectionCases.Wide(kept));
        comparison.Exact($"value.mc_{name}.labels", [.. kept.Select(i => (double)(i % classes))]);
        comparison.Exact($"value.mc_{name}.dets", [.. kept.SelectMany(i =>
        {
            Box box = used[used.Length == own.Length && name == "perclass" ? i : i / classes];
            return (double[])[box.X1, box.Y1, box.X2, box.Y2, scores[(i / classes * (classes + 1)) + (i % classes)]];
        })]);
    }

    private static Tensor Input(FixtureCase fixture, string name)
    {
        Tensor input = Tensor.From(fixture.Floats($"in.{name}"), fixture.ShapeOf($"in.{name}"));
        input.RequiresGrad = true;
        return input;
    }

    private static Tensor Weighted(FixtureCase fixture, string name, Tensor output)
    {
        float[] cotangent = fixture.Has($"cot.{name}") ? fixture.Floats($"cot.{name}") : FormulaValues.Symmetric($"{fixture.Salt}cot.{name}", output.Count);
        return (output * Tensor.From(cotangent, output.Shape)).Sum();
    }

    private static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static float Single(string text) => float.Parse(text, CultureInfo.InvariantCulture);
}
