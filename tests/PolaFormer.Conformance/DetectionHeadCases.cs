using System.Globalization;
using System.Text.Json;
using PolaFormer.Detection;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Heads;
using PolaFormer.Detection.Losses;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Conformance;

/// <summary>Pooling of regions and dense heads.</summary>
internal static class DetectionHeadCases
{
    /// <summary>RoIAlign with the gradient of the maps.</summary>
    public static void Align(FixtureCase fixture, Comparison comparison)
    {
        JsonElement construct = fixture.Meta.GetProperty("construct"), size = construct.GetProperty("output_size");
        int[] sides = size.Integers();
        var rule = new RoiAlignRule(sides[0], sides[^1], construct.GetProperty("spatial_scale").GetSingle(), construct.GetProperty("sampling_ratio").GetInt32(), construct.GetProperty("aligned").GetBoolean());
        ManyToMany.Run(fixture, comparison, null, inputs => [("y", inputs["x"].RoiAlign(Tensor.From(fixture.Floats("in.rois"), fixture.ShapeOf("in.rois")), rule))]);
    }

    /// <summary>Regions of several levels.</summary>
    public static void Extract(FixtureCase fixture, Comparison comparison)
    {
        var reader = new RegionReader(MmdetModel.ReadPooling(fixture.Meta.GetProperty("construct")));
        float[] rows = fixture.Floats("in.rois");
        (int Image, Box Box)[] regions = [.. Enumerable.Range(0, fixture.ShapeOf("in.rois")[0]).Select(i => ((int)rows[5 * i], new Box(rows[(5 * i) + 1], rows[(5 * i) + 2], rows[(5 * i) + 3], rows[(5 * i) + 4])))];
        comparison.Exact("value.levels", [.. regions.Select(region => (double)reader.LevelOf(region.Box))]);
        ManyToMany.Run(fixture, comparison, null, inputs => [("y", reader.Read([.. inputs.Where(input => input.Key.StartsWith('x')).Select(input => input.Value)], regions))]);
    }

    /// <summary>RPN and RetinaNet heads: outputs, targets, losses, gradients and what they keep.</summary>
    public static void Dense(FixtureCase fixture, Comparison comparison)
    {
        JsonElement construct = fixture.Meta.GetProperty("construct");
        bool isProposer = construct.Text("type") == "RPNHead";
        DenseHead head = isProposer ? new RpnHead(MmdetModel.ReadRpn(construct)) : new RetinaHead(MmdetModel.ReadRetina(construct));
        ForwardBackward.LoadState(fixture, comparison, head);
        head.Evaluate();
        ImageInfo[] images = Images(fixture);
        Tensor[] maps = DetectionCases.Maps(fixture);
        ImageObjects[] objects = [.. images.Select((_, i) => new ImageObjects(
            DetectionCases.Boxes(fixture, $"in.gt{i}"), fixture.Has($"in.labels{i}") ? DetectionCases.Integers(fixture, $"in.labels{i}") : new int[fixture.ShapeOf($"in.gt{i}")[0]]))];
        (Func<int, int[]> draw, List<int> drawn) = DetectionCases.Permutations(fixture);
        LevelOutputs[] levels;
        using (var tape = Tape.Start())
        {
            levels = head.ForwardMaps(maps);
            DenseTargets[] targets = head.Targets(levels, images, objects, draw);
            CompareTargets(fixture, comparison, targets, "value.", "out.bbox_targets");
            (NamedLoss classes, NamedLoss boxes) = head.Losses(levels, targets, "loss_cls", "loss_bbox");
            comparison.Close("out.loss_cls", [.. classes.Values.Select(value => (double)value.Item())]);
            comparison.Close("out.loss_bbox", [.. boxes.Values.Select(value => (double)value.Item())]);
            Tensor loss = NamedLoss.Total([classes, boxes]);
            comparison.Close("out.loss", [loss.Item()]);
            tape.Backward(loss);
        }

        DetectionCases.ComparePermutations(fixture, comparison, drawn);
        for (int i = 0; i < levels.Length; i++)
        {
            comparison.Close($"out.cls{i}", Layout.ChannelsFirst.Export(levels[i].Scores));
            comparison.Close($"out.reg{i}", Layout.ChannelsFirst.Export(levels[i].Deltas));
        }

        DetectionCases.CompareMapGradients(fixture, comparison, maps);
        ForwardBackward.CompareGradients(fixture, comparison, head);
        for (int i = 0; i < images.Length; i++)
        {
            if (head is RpnHead proposer)
            {
                (Box[] boxes, float[] scores) = proposer.Proposals(levels, images)[i];
                CompareDetections(comparison, string.Create(CultureInfo.InvariantCulture, $"out.proposals{i}"), boxes, scores);
            }
            else
            {
                ImageDetections found = ((RetinaHead)head).Detections(levels, images)[i];
                CompareDetections(comparison, string.Create(CultureInfo.InvariantCulture, $"out.dets{i}"), found.Boxes, found.Scores);
                comparison.Exact($"value.det_labels{i}", DetectionCases.Wide(found.Labels));
            }
        }
    }

    /// <summary>The images of a case.</summary>
    public static ImageInfo[] Images(FixtureCase fixture) => [.. fixture.Meta.GetProperty("img_metas").EnumerateArray().Select(meta =>
    {
        int[] size = meta.GetProperty("img_shape").Integers(), padded = meta.GetProperty("pad_shape").Integers(), original = meta.GetProperty("ori_shape").Integers();
        JsonElement scale = meta.GetProperty("scale_factor");
        return new ImageInfo
        {
            Height = size[0],
            Width = size[1],
            PaddedHeight = padded[0],
            PaddedWidth = padded[1],
            OriginalHeight = original[0],
            OriginalWidth = original[1],
            ScaleX = scale[0].GetSingle(),
            ScaleY = scale[1].GetSingle(),
        };
    })];

    /// <summary>Labels, weights and deltas of anchors.</summary>
    public static void CompareTargets(FixtureCase fixture, Comparison comparison, DenseTargets[] targets, string values, string deltas)
    {
        comparison.Exact($"{values}labels", DetectionCases.Wide(targets.SelectMany(target => target.Labels)));
        comparison.Exact($"{values}label_weights", DetectionCases.Wide(targets.SelectMany(target => target.LabelWeights)));
        comparison.Exact($"{values}num_total", [targets.Sum(target => Math.Max(1, target.Positive.Length)), targets.Sum(target => Math.Max(1, target.Negatives))]);
        comparison.Close(deltas, DetectionCases.Edges(targets.SelectMany(target => target.Positive.Select((anchor, i) => (anchor, target.Boxes[i])).OrderBy(entry => entry.anchor).Select(entry => entry.Item2))));
    }

    /// <summary>Boxes with scores, and scores by themselves.</summary>
    public static void CompareDetections(Comparison comparison, string key, Box[] boxes, float[] scores)
    {
        comparison.Close(key, [.. boxes.SelectMany((box, i) => (double[])[box.X1, box.Y1, box.X2, box.Y2, scores[i]])]);
        comparison.Close($"{key}.scores", DetectionCases.Wide(scores));
    }
}
