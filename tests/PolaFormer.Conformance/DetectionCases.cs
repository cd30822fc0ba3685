using System.Globalization;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Models.Necks;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>Family H: object detection, by the beginning of the case's name.</summary>
internal static class DetectionCases
{
    private static readonly (string Beginning, Action<FixtureCase, Comparison> Run)[] s_kinds =
    [
        ("anchors", DetectionBoxCases.Anchors),
        ("assign", DetectionBoxCases.Assign),
        ("sample", DetectionBoxCases.Sample),
        ("coder", DetectionBoxCases.Code),
        ("overlaps", DetectionBoxCases.Overlap),
        ("nms", DetectionBoxCases.Suppress),
        ("losses", DetectionLossCases.Run),
        ("fpn", Pyramid),
        ("roi_extractor", DetectionHeadCases.Extract),
        ("roialign", DetectionHeadCases.Align),
        ("head", DetectionHeadCases.Dense),
        ("roihead", DetectionRegionCases.Run),
        ("masks_rle", DetectionMaskCases.RunLengths),
        ("mask_operations", DetectionMaskCases.Operations),
        ("mask_paste", DetectionMaskCases.Paste),
        ("cocoeval", DetectionEvaluationCases.Run),
        ("coco_dataset", DetectionDataCases.Dataset),
        ("keep_ratio", DetectionDataCases.KeepRatioSizes),
        ("resize_pixels", DetectionDataCases.ResizePixels),
        ("normalize", DetectionDataCases.Normalize),
        ("pipeline", DetectionDataCases.Pipeline),
        ("schedule", DetectionDataCases.Schedule),
        ("configs_official", DetectorCases.Configurations),
        ("manifest", DetectorCases.Manifest),
        ("checkpoint", DetectorCases.Checkpoint),
        ("polapp_pretrained", DetectorCases.Pretrained),
        ("backbone_key_maps", DetectorCases.KeyMaps),
        ("swin_frozen", DetectorCases.Frozen),
        ("polapp", DetectorCases.Backbone),
        ("swin", DetectorCases.Backbone),
        ("pvt", DetectorCases.Backbone),
        ("full", DetectorCases.Full),
        ("detector", DetectorCases.Run),
    ];

    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        foreach ((string beginning, Action<FixtureCase, Comparison> run) in s_kinds)
        {
            if (!fixture.Case.StartsWith(beginning, StringComparison.Ordinal))
                continue;
            run(fixture, comparison);
            return;
        }

        throw new CapabilityMissingException($"detection cases such as '{fixture.Case}' are not part of this program");
    }

    /// <summary>Boxes stored as (n, 4 or 5); a fifth column is left out.</summary>
    public static Box[] Boxes(FixtureCase fixture, string key)
    {
        float[] values = fixture.Floats(key);
        int width = fixture.ShapeOf(key)[1];
        return [.. Enumerable.Range(0, fixture.ShapeOf(key)[0]).Select(i => new Box(values[i * width], values[(i * width) + 1], values[(i * width) + 2], values[(i * width) + 3]))];
    }

    /// <summary>Whole numbers.</summary>
    public static int[] Integers(FixtureCase fixture, string key) => [.. fixture.Doubles(key).Select(value => (int)value)];

    /// <summary>The edges of boxes in a row.</summary>
    public static double[] Edges(IEnumerable<Box> boxes) => [.. boxes.SelectMany(box => new double[] { box.X1, box.Y1, box.X2, box.Y2 })];

    /// <summary>Widens numbers.</summary>
    public static double[] Wide<T>(IEnumerable<T> values)
        where T : System.Numerics.INumber<T> => [.. values.Select(double.CreateChecked)];

    /// <summary>Yes and no as 1 and 0.</summary>
    public static double[] Wide(IEnumerable<bool> values) => [.. values.Select(value => value ? 1.0 : 0)];

    /// <summary>The permutations of a case's salt in the order of the calls; their lengths are compared at the end.</summary>
    public static (Func<int, int[]> Draw, List<int> Drawn) Permutations(FixtureCase fixture)
    {
        var drawn = new List<int>();
        return (Draw, drawn);

        int[] Draw(int count)
        {
            ulong seed = FormulaValues.Seed(string.Create(CultureInfo.InvariantCulture, $"{fixture.Salt}perm.{drawn.Count}"));
            drawn.Add(count);
            return [.. Enumerable.Range(0, count).OrderBy(i => FormulaValues.Mantissa(seed, i))];
        }
    }

    /// <summary>The list of permutations' lengths against the case's.</summary>
    public static void ComparePermutations(FixtureCase fixture, Comparison comparison, List<int> drawn)
    {
        if (fixture.Meta.Field("perms") is { } expected)
            comparison.SameList("permutations", drawn, expected.Integers());
    }

    /// <summary>Feature maps of the inputs x0, x1, …, channels last, with gradients.</summary>
    public static Tensor[] Maps(FixtureCase fixture)
    {
        var maps = new List<Tensor>();
        for (int i = 0; fixture.Meta.GetProperty("inputs").Field($"x{i}") is { } input; i++)
        {
            Shape shape = input.GetProperty("shape").ToShape();
            float[] values = fixture.Has($"in.x{i}") ? fixture.Floats($"in.x{i}") : FormulaValues.Symmetric($"{fixture.Salt}x{i}", shape.Count);
            Tensor map = Layout.ChannelsFirst.Import(values, shape).Detach();
            map.RequiresGrad = true;
            maps.Add(map);
        }

        return [.. maps];
    }

    /// <summary>The gradients of those maps; none counts as zero.</summary>
    public static void CompareMapGradients(FixtureCase fixture, Comparison comparison, Tensor[] maps)
    {
        for (int i = 0; i < maps.Length; i++)
        {
            if (fixture.Has($"grad.in.x{i}"))
                comparison.Close($"grad.in.x{i}", maps[i].Grad is { } gradient ? Layout.ChannelsFirst.Export(gradient) : new float[maps[i].Count]);
        }
    }

    private static void Pyramid(FixtureCase fixture, Comparison comparison)
    {
        var neck = new Fpn(MmdetModel.ReadNeck(fixture.Meta.GetProperty("construct")));
        ManyToMany.Run(fixture, comparison, neck, inputs =>
            [.. neck.ForwardMaps([.. inputs.Values]).Select((map, i) => (string.Create(CultureInfo.InvariantCulture, $"p{i}"), map))]);
    }
}
