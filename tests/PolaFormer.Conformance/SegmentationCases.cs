using System.Globalization;
using System.Text.Json;
using PolaFormer.Detection.Configuration;
using PolaFormer.Models;
using PolaFormer.Models.Necks;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Losses;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Conformance;

/// <summary>Family I: semantic segmentation, by the kind that <c>meta.ops</c> names.</summary>
internal static class SegmentationCases
{
    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        string kind = fixture.Meta.Texts("ops").FirstOrDefault() ?? "";
        Action<FixtureCase, Comparison> run = kind switch
        {
            "backbone" => RunBackbone,
            "resize" => RunResize,
            "head" => RunHead,
            "neck" => RunNeck,
            "nmf" => RunFactorization,
            "loss" => RunLoss,
            "schedule" => RunSchedule,
            _ => SegmentationNetworkCases.RunnerOf(kind) ?? SegmentationDataCases.RunnerOf(kind)
                ?? throw new CapabilityMissingException($"segmentation cases of the kind '{kind}' are not part of this program"),
        };
        run(fixture, comparison);
    }

    private static void RunBackbone(FixtureCase fixture, Comparison comparison)
    {
        FeatureExtractor backbone = BackboneConstruction.Create(new Arguments(fixture.Meta.GetProperty("construct")));
        ManyToMany.Run(fixture, comparison, backbone, inputs => Numbered(backbone.ForwardMaps(inputs["input"])));
    }

    // Outputs y_<h>x<w>_<0|1> with 1 = align_corners.
    private static void RunResize(FixtureCase fixture, Comparison comparison) => ManyToMany.Run(fixture, comparison, null, inputs =>
        [.. from size in fixture.Meta.GetProperty("sizes").EnumerateArray().Select(size => size.Integers())
            from aligned in new[] { false, true }
            select (string.Create(CultureInfo.InvariantCulture, $"y_{size[0]}x{size[1]}_{(aligned ? 1 : 0)}"), MapResize.To(inputs["x"], size[0], size[1], aligned))]);

    private static void RunHead(FixtureCase fixture, Comparison comparison)
    {
        DecodeHead head = SegmenterConstruction.Head(fixture.Meta.GetProperty("construct")).Create();
        SegmenterConstruction.GiveBases(fixture, head);
        if (head.Dropout.Probability > 0)
            head.Dropout.Draws = FormulaValues.Unit(fixture.Salt + "dropout", (long)fixture.ShapeOf("out.y")[0] * head.Config.Channels);
        ManyToMany.Run(fixture, comparison, head, inputs => [("y", head.ForwardMaps(InOrder(inputs)))]);
    }

    private static void RunNeck(FixtureCase fixture, Comparison comparison)
    {
        var neck = new Fpn(MmdetModel.ReadNeck(fixture.Meta.GetProperty("construct")));
        ManyToMany.Run(fixture, comparison, neck, inputs => Numbered(neck.ForwardMaps(InOrder(inputs))));
    }

    private static void RunFactorization(FixtureCase fixture, Comparison comparison)
    {
        var factorization = new NonnegativeFactorization(SegmenterConstruction.Factorization(fixture.Meta.GetProperty("construct")));
        SegmenterConstruction.GiveBases(fixture, factorization);
        ManyToMany.Run(fixture, comparison, factorization, inputs => [("y", factorization.Forward(inputs["x"].Relu()))]);
    }

    private static void RunLoss(FixtureCase fixture, Comparison comparison)
    {
        DecodeHeadConfig head = SegmenterConstruction.Head(fixture.Meta.GetProperty("construct"));
        Tensor logits = Layout.ChannelsFirst.Import(fixture.Floats("in.logits"), fixture.ShapeOf("in.logits")).Detach();
        logits.RequiresGrad = true;
        LabelMap[] labels = Labels(fixture, "in.labels");
        using (var tape = Tape.Start())
        {
            Tensor loss = PixelLoss.Of(logits, labels, head, fixture.Meta.Field("avg_factor")?.GetDouble());
            comparison.Close("loss.value", loss.ToArray());
            tape.Backward(loss);
        }

        comparison.Close("grad.in.logits", Layout.ChannelsFirst.Export(logits.Grad!));
        comparison.Close("out.acc", [PixelLoss.Accuracy(logits, labels, head)]);
        if (fixture.Meta.Field("accuracy_top1_top2_without_resize")?.Field("values") is not { } values)
            return;
        LabelMap[] cropped = [.. labels.Select(map => map.Cropped(new(0, 0, logits.Shape[2], logits.Shape[1])))];
        int top = 1;
        foreach (JsonElement value in values.EnumerateArray())
            comparison.Within($"accuracy of the first {top}", PixelLoss.Accuracy(logits, cropped, head, top++), value.GetDouble(), 1e-4);
    }

    private static void RunSchedule(FixtureCase fixture, Comparison comparison)
    {
        double[] bases = [.. fixture.Meta.GetProperty("base_lr").EnumerateArray().Select(rate => rate.GetDouble())];
        PolySchedule[] schedules = [.. bases.Select(rate => Schedule(rate, fixture.Meta.GetProperty("schedule"), fixture.Meta.GetProperty("max_iters").GetInt64()))];
        foreach (JsonElement row in fixture.Meta.GetProperty("rows").EnumerateArray())
        {
            for (int group = 0; group < bases.Length; group++)
            {
                double expected = row[group + 1].GetDouble();
                comparison.Within($"rate {group} of iteration {row[0]}", schedules[group].RateOf(row[0].GetInt64()), expected, 1e-12 * Math.Abs(expected));
            }
        }
    }

    /// <summary>mmcv's polynomial schedule.</summary>
    public static PolySchedule Schedule(double rate, JsonElement schedule, long steps) => new(
        rate,
        steps,
        schedule.Field("power")?.GetDouble() ?? 1,
        schedule.Field("min_lr")?.GetDouble() ?? 0,
        schedule.Text("warmup") is null ? 0 : schedule.Field("warmup_iters")?.GetInt64() ?? 0,
        schedule.Field("warmup_ratio")?.GetDouble() ?? 0.1);

    /// <summary>Labels (B, H, W), or (H, W) as a batch of one.</summary>
    public static LabelMap[] Labels(FixtureCase fixture, string key)
    {
        Shape shape = fixture.ShapeOf(key);
        byte[] values = fixture.Bytes(key);
        int height = shape[-2], width = shape[-1];
        return [.. Enumerable.Range(0, values.Length / (height * width)).Select(i => new LabelMap(width, height, values[(i * height * width)..((i + 1) * height * width)]))];
    }

    private static Tensor[] InOrder(IReadOnlyDictionary<string, Tensor> inputs) =>
        [.. inputs.OrderBy(input => int.Parse(input.Key.AsSpan(1), CultureInfo.InvariantCulture)).Select(input => input.Value)];

    private static (string Name, Tensor Value)[] Numbered(IEnumerable<Tensor> outputs) =>
        [.. outputs.Select((value, i) => (string.Create(CultureInfo.InvariantCulture, $"y{i}"), value))];
}
